// Command daprd is the Dapr sidecar, built from Dapr's own runtime packages
// with the components named in components.go. It takes the flags that the
// sidecar injector passes, because it parses them with Dapr's own options.
package main

import (
	"context"
	"fmt"
	"os"

	"go.opencensus.io/stats/view"
	"go.uber.org/automaxprocs/maxprocs"

	"github.com/dapr/dapr/cmd/daprd/options"
	"github.com/dapr/dapr/pkg/buildinfo"
	bindingsreg "github.com/dapr/dapr/pkg/components/bindings"
	configurationreg "github.com/dapr/dapr/pkg/components/configuration"
	conversationreg "github.com/dapr/dapr/pkg/components/conversation"
	cryptoreg "github.com/dapr/dapr/pkg/components/crypto"
	lockreg "github.com/dapr/dapr/pkg/components/lock"
	middlewarereg "github.com/dapr/dapr/pkg/components/middleware/http"
	nrreg "github.com/dapr/dapr/pkg/components/nameresolution"
	pubsubreg "github.com/dapr/dapr/pkg/components/pubsub"
	secretreg "github.com/dapr/dapr/pkg/components/secretstores"
	statereg "github.com/dapr/dapr/pkg/components/state"
	"github.com/dapr/dapr/pkg/healthz"
	"github.com/dapr/dapr/pkg/metrics"
	"github.com/dapr/dapr/pkg/modes"
	"github.com/dapr/dapr/pkg/runtime"
	"github.com/dapr/dapr/pkg/runtime/registry"
	"github.com/dapr/dapr/pkg/security"
	"github.com/dapr/kit/concurrency"
	"github.com/dapr/kit/logger"
	"github.com/dapr/kit/signals"
)

var log = logger.NewLogger("dapr.runtime")

func main() {
	_, _ = maxprocs.Set() // GOMAXPROCS from the container's CPU limit

	o, err := options.New(os.Args[1:])
	switch {
	case err != nil:
		log.Fatalf("flags: %v", err)
	case o.RuntimeVersion:
		fmt.Println(buildinfo.Version())
		return
	case o.BuildInfo:
		fmt.Printf("Version: %s (tandem build)\n", buildinfo.Version())
		return
	case o.WaitCommand:
		runtime.WaitUntilDaprOutboundReady(o.DaprHTTPPort)
		return
	}

	o.Logger.SetAppID(o.AppID)
	if err := logger.ApplyOptionsToLoggers(&o.Logger); err != nil {
		log.Fatal(err)
	}
	log.Infof("daprd %s, tandem build", buildinfo.Version())

	// Unlike Dapr's main, a SIGHUP does not restart the runtime in place.
	if err := run(signals.Context(), o); err != nil {
		log.Fatalf("runtime: %v", err)
	}
}

// run starts the certificate source (Sentry when mTLS is on) and, once it has
// an identity, the runtime; either one's end stops the other.
func run(ctx context.Context, o *options.Options) error {
	health := healthz.New()
	identity, err := security.New(ctx, security.Options{
		AppID:                   o.AppID,
		Mode:                    modes.DaprMode(o.Mode),
		MTLSEnabled:             o.EnableMTLS,
		SentryAddress:           o.SentryAddress,
		TrustAnchors:            o.TrustAnchors,
		ControlPlaneNamespace:   o.ControlPlaneNamespace,
		ControlPlaneTrustDomain: o.ControlPlaneTrustDomain,
		JwtAudiences:            o.SentryRequestJwtAudiences,
		Healthz:                 health,
	})
	if err != nil {
		return err
	}
	return concurrency.NewRunnerManager(identity.Run, func(ctx context.Context) error {
		handler, err := identity.Handler(ctx)
		if err != nil {
			return err
		}
		cfg := config(o)
		cfg.Security = handler
		cfg.Healthz = health
		cfg.Registry = registries()
		cfg.Metrics = metrics.Options{
			Enabled:       o.Metrics.Enabled(),
			Port:          o.Metrics.Port(),
			ListenAddress: o.Metrics.ListenAddress(),
			Namespace:     metrics.DefaultMetricNamespace,
			Meter:         view.NewMeter(),
			Healthz:       health,
			Log:           log,
		}
		rt, err := runtime.FromConfig(ctx, cfg)
		if err != nil {
			return err
		}
		return rt.Run(ctx)
	}).Run(ctx)
}

// registries fills Dapr's registries and gives each the contrib logger.
func registries() *registry.Options {
	registerComponents()
	contrib := logger.NewLogger("dapr.contrib")
	bindingsreg.DefaultRegistry.Logger = contrib
	configurationreg.DefaultRegistry.Logger = contrib
	conversationreg.DefaultRegistry.Logger = contrib
	cryptoreg.DefaultRegistry.Logger = contrib
	lockreg.DefaultRegistry.Logger = contrib
	middlewarereg.DefaultRegistry.Logger = contrib
	nrreg.DefaultRegistry.Logger = contrib
	pubsubreg.DefaultRegistry.Logger = contrib
	secretreg.DefaultRegistry.Logger = contrib
	statereg.DefaultRegistry.Logger = contrib
	return registry.NewOptions().
		WithBindings(bindingsreg.DefaultRegistry).
		WithConfigurations(configurationreg.DefaultRegistry).
		WithConversations(conversationreg.DefaultRegistry).
		WithCryptoProviders(cryptoreg.DefaultRegistry).
		WithLocks(lockreg.DefaultRegistry).
		WithHTTPMiddlewares(middlewarereg.DefaultRegistry).
		WithNameResolutions(nrreg.DefaultRegistry).
		WithPubSubs(pubsubreg.DefaultRegistry).
		WithSecretStores(secretreg.DefaultRegistry).
		WithStateStores(statereg.DefaultRegistry)
}

// config carries every flag over; a field added in a later Dapr version has to
// be added here, or its flag is parsed and ignored.
func config(o *options.Options) *runtime.Config {
	return &runtime.Config{
		// identity and control plane
		AppID:               o.AppID,
		Mode:                o.Mode,
		Config:              o.Config,
		ControlPlaneAddress: o.ControlPlaneAddress,
		SentryAddress:       o.SentryAddress,
		EnableMTLS:          o.EnableMTLS,
		SchedulerAddress:    o.SchedulerAddress,
		SchedulerStreams:    o.SchedulerJobStreams,
		RemindersService:    o.RemindersService,

		// actors
		ActorsService:              o.ActorsService,
		ActorsDisseminationTimeout: o.ActorsDisseminationTimeout,

		// resources
		ResourcesPath:                o.ResourcesPath,
		ComponentsPath:               o.ComponentsPath,
		HotReloadReconcileInterval:   o.HotReloadReconcileInterval,
		DisableBuiltinK8sSecretStore: o.DisableBuiltinK8sSecretStore,
		DisableInitEndpoints:         o.DisableInitEndpoints,

		// listeners
		DaprHTTPPort:                  o.DaprHTTPPort,
		DaprAPIGRPCPort:               o.DaprAPIGRPCPort,
		DaprAPIListenAddresses:        o.DaprAPIListenAddresses,
		DaprInternalGRPCPort:          o.DaprInternalGRPCPort,
		DaprInternalGRPCListenAddress: o.DaprInternalGRPCListenAddress,
		DaprPublicPort:                o.DaprPublicPort,
		DaprPublicListenAddress:       o.DaprPublicListenAddress,
		UnixDomainSocket:              o.UnixDomainSocket,
		AllowedOrigins:                o.AllowedOrigins,
		MaxRequestSize:                o.MaxRequestSize,
		ReadBufferSize:                o.ReadBufferSize,
		EnableAPILogging:              o.EnableAPILogging,
		EnableProfiling:               o.EnableProfiling,
		ProfilePort:                   o.ProfilePort,

		// the application
		ApplicationPort:          o.AppPort,
		AppProtocol:              o.AppProtocol,
		AppSSL:                   o.AppSSL,
		AppChannelAddress:        o.AppChannelAddress,
		AppMaxConcurrency:        o.AppMaxConcurrency,
		AppBindingOptionsTimeout: o.AppBindingOptionsTimeout,
		EnableAppHealthCheck:     o.EnableAppHealthCheck,
		AppHealthCheckPath:       o.AppHealthCheckPath,
		AppHealthProbeInterval:   o.AppHealthProbeInterval,
		AppHealthProbeTimeout:    o.AppHealthProbeTimeout,
		AppHealthThreshold:       o.AppHealthThreshold,

		// shutdown
		DaprGracefulShutdownSeconds: o.DaprGracefulShutdownSeconds,
		DaprBlockShutdownDuration:   o.DaprBlockShutdownDuration,
	}
}
