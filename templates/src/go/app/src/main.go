// The entry point of the container.
package main

import (
	"context"
	"log"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"vehicleapp/src/app"
	"vehicleapp/src/databroker"
	"vehicleapp/src/health"
	"vehicleapp/src/mqtt"
	"vehicleapp/src/settings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	log.SetOutput(os.Stdout)
	slog.Info(app.Name + " " + app.Version + " started (Go " + strings.TrimPrefix(runtime.Version(), "go") + ")")
	if err := run(ctx); err != nil {
		slog.Error(err.Error())
		os.Exit(1)
	}
	slog.Info("stopped")
}

// run returns nil when the context ends, or an error when the app cannot even begin.
func run(ctx context.Context) error {
	surroundings, err := settings.Read(os.Getenv)
	if err != nil {
		return err
	}
	slog.SetLogLoggerLevel(surroundings.LogLevel)
	listener, err := health.Listen(surroundings.HealthPort)
	if err != nil {
		return err
	}
	defer listener.Close()
	vehicle, err := databroker.New(surroundings.Databroker)
	if err != nil {
		return err
	}
	defer vehicle.Close()

	var broker *mqtt.Client
	speedApp := &app.SpeedApp{
		Publish:   func(topic string, payload []byte) { broker.Publish(topic, payload) },
		ReadSpeed: func(ctx context.Context) (app.Value, error) { return vehicle.Read(ctx, app.SpeedPath) },
	}
	broker = mqtt.New(surroundings.MQTT, app.Name, app.GetSpeedRequestTopic, func(payload []byte) {
		speedApp.OnGetSpeed(ctx, payload)
	})
	defer broker.Close()

	var ready atomic.Bool
	go health.Serve(listener, ready.Load)

	// Both first, so that the first speed finds a broker.
	var services sync.WaitGroup
	services.Go(func() { broker.Connect(ctx) })
	services.Go(func() { vehicle.WaitUntilReachable(ctx) })
	services.Wait()
	vehicle.Follow(ctx, app.SpeedPath, func() {
		ready.Store(true)
		slog.Info("ready: publishing Vehicle.Speed on " + app.CurrentSpeedTopic)
	}, speedApp.OnSpeed)
	return nil
}
