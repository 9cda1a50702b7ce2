package unit

import (
	"log/slog"
	"strings"
	"testing"

	"vehicleapp/src/settings"
)

func read(variables map[string]string) (settings.Settings, error) {
	return settings.Read(func(name string) string { return variables[name] })
}

func TestSettingsHaveDefaults(t *testing.T) {
	got, err := read(nil)
	expected := settings.Settings{
		MQTT: "localhost:1883", Databroker: "localhost:55555", HealthPort: 50008, LogLevel: slog.LevelInfo,
	}
	if err != nil || got != expected {
		t.Errorf("read %+v, %v", got, err)
	}
}

func TestSettingsAreTakenFromTheEnvironment(t *testing.T) {
	got, err := read(map[string]string{
		"SDV_MQTT_ADDRESS": "mqtt://mqtt-broker:1884", "SDV_VEHICLEDATABROKER_ADDRESS": "grpc://[::1]",
		"VEHICLE_APP_PORT": "8080", "LOG_LEVEL": "warning",
	})
	expected := settings.Settings{
		MQTT: "mqtt-broker:1884", Databroker: "[::1]:55555", HealthPort: 8080, LogLevel: slog.LevelWarn,
	}
	if err != nil || got != expected {
		t.Errorf("read %+v, %v", got, err)
	}
}

func TestSettingsWithoutASchemeAreAddressesToo(t *testing.T) {
	got, err := read(map[string]string{"SDV_MQTT_ADDRESS": "mqtt-broker:1884"})
	if err != nil || got.MQTT != "mqtt-broker:1884" {
		t.Errorf("read %+v, %v", got, err)
	}
}

func TestSettingsThatMakeNoSenseAreNamed(t *testing.T) {
	for name, value := range map[string]string{
		"SDV_MQTT_ADDRESS": "mqtt://", "SDV_VEHICLEDATABROKER_ADDRESS": "grpc://broker:port",
		"VEHICLE_APP_PORT": "70000", "LOG_LEVEL": "loud",
	} {
		if _, err := read(map[string]string{name: value}); err == nil || !strings.HasPrefix(err.Error(), name) {
			t.Errorf("%s=%s: %v", name, value, err)
		}
	}
}
