package unit

import (
	"context"
	"errors"
	"math"
	"reflect"
	"testing"

	"vehicleapp/src/app"
)

type message struct{ topic, payload string }

// recorded returns an app whose databroker answers with speed and err, and what it publishes.
func recorded(speed app.Value, err error) (*app.SpeedApp, *[]message) {
	var published []message
	return &app.SpeedApp{
		Publish:   func(topic string, payload []byte) { published = append(published, message{topic, string(payload)}) },
		ReadSpeed: func(context.Context) (app.Value, error) { return speed, err },
	}, &published
}

func expect(t *testing.T, published *[]message, expected ...message) {
	t.Helper()
	if !reflect.DeepEqual(*published, expected) {
		t.Errorf("published %v, expected %v", *published, expected)
	}
}

func TestPublishesEachSpeed(t *testing.T) {
	speedApp, published := recorded(app.Value{}, nil)
	speedApp.OnSpeed(app.Value{Number: 0, Known: true})
	speedApp.OnSpeed(app.Value{Number: float64(float32(12.3)), Known: true})
	expect(t, published,
		message{app.CurrentSpeedTopic, `{"speed":0}`},
		message{app.CurrentSpeedTopic, `{"speed":12.3}`})
}

func TestPublishesNothingWhileThereIsNoValue(t *testing.T) {
	speedApp, published := recorded(app.Value{}, nil)
	speedApp.OnSpeed(app.Value{})
	speedApp.OnSpeed(app.Value{Number: math.NaN(), Known: true})
	if len(*published) > 0 {
		t.Errorf("published %v", *published)
	}
}

func TestAnswersARequestWithItsID(t *testing.T) {
	for _, id := range []string{`7`, `"seven"`, `{"n":7}`} {
		speedApp, published := recorded(app.Value{Number: 42, Known: true}, nil)
		speedApp.OnGetSpeed(t.Context(), []byte(`{"requestId": `+id+`}`))
		expect(t, published, message{app.GetSpeedReplyTopic, `{"requestId":` + id + `,"result":{"status":0,"speed":42}}`})
	}
}

func TestTellsThatTheVehicleStands(t *testing.T) {
	speedApp, published := recorded(app.Value{Number: 0, Known: true}, nil)
	speedApp.OnGetSpeed(t.Context(), []byte(`{"requestId": 7}`))
	expect(t, published, message{app.GetSpeedReplyTopic, `{"requestId":7,"result":{"status":0,"speed":0}}`})
}

func TestSaysThatNoSpeedIsKnown(t *testing.T) {
	speedApp, published := recorded(app.Value{}, nil)
	speedApp.OnGetSpeed(t.Context(), []byte(`{"requestId": 7}`))
	expect(t, published, message{app.GetSpeedReplyTopic,
		`{"requestId":7,"result":{"status":1,"message":"Vehicle.Speed has no value yet."}}`})
}

func TestSaysThatTheDatabrokerIsLost(t *testing.T) {
	speedApp, published := recorded(app.Value{}, errors.New("gone"))
	speedApp.OnGetSpeed(t.Context(), []byte(`{"requestId": 7}`))
	expect(t, published, message{app.GetSpeedReplyTopic,
		`{"requestId":7,"result":{"status":1,"message":"The databroker did not answer: gone"}}`})
}

func TestSurvivesWhatIsNotARequest(t *testing.T) {
	for _, payload := range []string{"", "{", "[]", "42", "null", `{"id": 1}`} {
		speedApp, published := recorded(app.Value{Number: 42, Known: true}, nil)
		speedApp.OnGetSpeed(t.Context(), []byte(payload))
		expect(t, published, message{app.GetSpeedReplyTopic,
			`{"requestId":null,"result":{"status":1,"message":"The request must be {\"requestId\": …}."}}`})
	}
}
