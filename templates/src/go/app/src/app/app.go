// Package app is the app itself: what it publishes and answers. It knows neither gRPC nor MQTT, so it is tested without either.
package app

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
)

const (
	Name    = "${templateOption:appName}"
	Version = "0.1.0"

	SpeedPath            = "Vehicle.Speed"
	CurrentSpeedTopic    = "${templateOption:appName}/currentSpeed"
	GetSpeedRequestTopic = "${templateOption:appName}/getSpeed"
	GetSpeedReplyTopic   = "${templateOption:appName}/getSpeed/response"
)

// Value is what a signal holds; it is not Known until a sensor has set it.
type Value struct {
	Number float64
	Known  bool
}

// SpeedApp publishes every change of Vehicle.Speed, and tells the current speed to whoever asks.
type SpeedApp struct {
	// Publish sends a message. It must not block for long.
	Publish func(topic string, payload []byte)
	// ReadSpeed asks the databroker for the current speed in km/h.
	ReadSpeed func(ctx context.Context) (Value, error)
}

type speedMessage struct {
	Speed float64 `json:"speed"`
}

type request struct {
	RequestID json.RawMessage `json:"requestId"`
}

type response struct {
	RequestID json.RawMessage `json:"requestId"`
	Result    result          `json:"result"`
}

type result struct {
	Status  int      `json:"status"`
	Speed   *float64 `json:"speed,omitempty"`
	Message string   `json:"message,omitempty"`
}

// OnSpeed is to be called with the current speed at first, and then with every change.
func (a *SpeedApp) OnSpeed(speed Value) {
	if !isNumber(speed) {
		slog.Info("Vehicle.Speed has no value yet")
		return
	}
	message := speedMessage{readable(speed.Number)}
	a.send(CurrentSpeedTopic, message)
	slog.Info(fmt.Sprintf("published speed %v km/h", message.Speed))
}

// OnGetSpeed answers `{"requestId": …}` with the same id and `result`: `status` 0 and `speed`, or 1 and `message`.
func (a *SpeedApp) OnGetSpeed(ctx context.Context, payload []byte) {
	var asked request
	answer := response{RequestID: json.RawMessage("null")}
	if err := json.Unmarshal(payload, &asked); err != nil || asked.RequestID == nil {
		slog.Warn("not a request, it needs a requestId: " + string(payload))
		answer.Result = failed(`The request must be {"requestId": …}.`)
	} else {
		answer.RequestID = asked.RequestID
		answer.Result = a.currentSpeed(ctx)
	}
	a.send(GetSpeedReplyTopic, answer)
	slog.Info(fmt.Sprintf("answered request %s with status %d", answer.RequestID, answer.Result.Status))
}

func (a *SpeedApp) currentSpeed(ctx context.Context) result {
	speed, err := a.ReadSpeed(ctx)
	if err != nil {
		return failed("The databroker did not answer: " + err.Error())
	}
	if !isNumber(speed) {
		return failed("Vehicle.Speed has no value yet.")
	}
	kmh := readable(speed.Number)
	return result{Speed: &kmh}
}

func (a *SpeedApp) send(topic string, message any) {
	payload, err := json.Marshal(message)
	if err != nil {
		slog.Error("cannot write a message for "+topic, "error", err)
		return
	}
	a.Publish(topic, payload)
}

func failed(message string) result {
	return result{Status: 1, Message: message}
}

// JSON has no way to write what is not a number.
func isNumber(value Value) bool {
	return value.Known && !math.IsNaN(value.Number) && !math.IsInf(value.Number, 0)
}

// The databroker stores 32-bit floats, in which 12.3 reads as 12.300000190734863.
func readable(speed float64) float64 {
	return math.Round(speed*1000) / 1000
}
