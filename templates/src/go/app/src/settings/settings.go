// Package settings reads what the environment says about the app's surroundings.
package settings

import (
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// Settings are the app's surroundings. Addresses are `host:port`.
type Settings struct {
	MQTT       string
	Databroker string
	HealthPort int
	LogLevel   slog.Level
}

// Read takes the settings from variables, as os.Getenv looks them up. What is not set has a default.
func Read(variable func(name string) string) (Settings, error) {
	var settings Settings
	var err error
	if settings.MQTT, err = address(variable, "SDV_MQTT_ADDRESS", 1883); err != nil {
		return Settings{}, err
	}
	if settings.Databroker, err = address(variable, "SDV_VEHICLEDATABROKER_ADDRESS", 55555); err != nil {
		return Settings{}, err
	}
	if settings.HealthPort, err = port(variable, "VEHICLE_APP_PORT", 50008); err != nil {
		return Settings{}, err
	}
	if settings.LogLevel, err = logLevel(variable, "LOG_LEVEL"); err != nil {
		return Settings{}, err
	}
	return settings, nil
}

func address(variable func(string) string, name string, defaultPort int) (string, error) {
	text := variable(name)
	if text == "" {
		text = "localhost"
	}
	if !strings.Contains(text, "://") {
		text = "any://" + text
	}
	parsed, err := url.Parse(text)
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	if parsed.Hostname() == "" {
		return "", fmt.Errorf("%s: %q names no host", name, text)
	}
	number := parsed.Port()
	if number == "" {
		number = strconv.Itoa(defaultPort)
	}
	return net.JoinHostPort(parsed.Hostname(), number), nil
}

func port(variable func(string) string, name string, defaultPort int) (int, error) {
	text := variable(name)
	if text == "" {
		return defaultPort, nil
	}
	number, err := strconv.ParseUint(text, 10, 16)
	if err != nil || number == 0 {
		return 0, fmt.Errorf("%s: %q is not a port", name, text)
	}
	return int(number), nil
}

func logLevel(variable func(string) string, name string) (slog.Level, error) {
	text := variable(name)
	if text == "" {
		return slog.LevelInfo, nil
	}
	var level slog.Level
	// Apps in other languages call this level WARNING.
	if err := level.UnmarshalText([]byte(strings.Replace(strings.ToUpper(text), "WARNING", "WARN", 1))); err != nil {
		return 0, fmt.Errorf("%s: %q is not one of DEBUG, INFO, WARNING, ERROR", name, text)
	}
	return level, nil
}
