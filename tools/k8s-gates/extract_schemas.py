"""extract_schemas.py WHEEL VERSION FOLDER: the strict schemas of one Kubernetes, as kubeconform reads them.

The wheel's name themselves by an absolute address and each other by /api/: kubeconform wants references beside them.
"""

import pathlib
import re
import sys
import zipfile

wheel, version, folder = sys.argv[1:]
inside = f"kubernetes_validate/kubernetes-json-schema/v{version}-local-strict/"
out = pathlib.Path(folder)
out.mkdir(parents=True)
count = 0
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        if name.startswith(inside) and name.endswith(".json"):
            text = archive.read(name).decode()
            text = text.replace('"/api/_definitions.json', '"_definitions.json')
            text = re.sub(r'"\$id": "[^"]*"', '"x-id": ""', text)
            (out / name[len(inside):]).write_text(text)
            count += 1
if count == 0:
    sys.exit(f"{wheel} has no schemas of Kubernetes {version}")
