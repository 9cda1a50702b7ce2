#include "mqtt.h"

#include <MQTTClient.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <random>
#include <stdexcept>
#include <thread>
#include <utility>

#include "backoff.h"
#include "log.h"

namespace app {

namespace {

constexpr int CONNECT_TIMEOUT_S = 2;
constexpr int KEEP_ALIVE_S = 20;
constexpr int AT_MOST_ONCE = 0;

std::string random_name(const std::string& beginning) {
    std::random_device random;
    return beginning + "-" + std::to_string(random());
}

}  // namespace

/** Paho calls back from threads of its own, in which nothing may wait: messages are handed on by a queue. */
struct Mqtt::Client {
    MQTTClient handle = nullptr;
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<std::pair<std::string, std::string>> messages;
    bool lost = false;

    static int on_message(void* context, char* topic, int topic_length, MQTTClient_message* message) {
        auto& client = *static_cast<Client*>(context);
        // The length is 0 unless the topic holds a null character.
        std::string name = topic_length > 0 ? std::string(topic, static_cast<std::size_t>(topic_length)) : topic;
        std::string payload(static_cast<const char*>(message->payload), static_cast<std::size_t>(message->payloadlen));
        MQTTClient_freeMessage(&message);
        MQTTClient_free(topic);
        {
            const std::lock_guard lock(client.mutex);
            client.messages.emplace_back(std::move(name), std::move(payload));
        }
        client.changed.notify_one();
        return 1;
    }

    static void on_lost(void* context, char*) {
        auto& client = *static_cast<Client*>(context);
        {
            const std::lock_guard lock(client.mutex);
            client.lost = true;
        }
        client.changed.notify_one();
    }

    /** Returns when the connection is lost and all messages that came before are handed on. */
    void receive(const OnMessage& hand_on) {
        std::unique_lock lock(mutex);
        for (;;) {
            changed.wait(lock, [this] { return lost || !messages.empty(); });
            if (messages.empty()) return;
            const auto [topic, payload] = std::move(messages.front());
            messages.pop_front();
            lock.unlock();
            hand_on(topic, payload);
            lock.lock();
        }
    }
};

Mqtt::Mqtt(const Address& address, const std::string& client_name, std::vector<std::string> topics)
    : address_(address.text()), topics_(std::move(topics)), client_(std::make_unique<Client>()) {
    const std::string url = "tcp://" + address_;
    int code = MQTTClient_create(&client_->handle, url.c_str(), random_name(client_name).c_str(),
                                 MQTTCLIENT_PERSISTENCE_NONE, nullptr);
    if (code == MQTTCLIENT_SUCCESS) {
        code = MQTTClient_setCallbacks(client_->handle, client_.get(), Client::on_lost, Client::on_message, nullptr);
    }
    if (code != MQTTCLIENT_SUCCESS) throw std::runtime_error(std::string("MQTT: ") + MQTTClient_strerror(code));
}

Mqtt::~Mqtt() { MQTTClient_destroy(&client_->handle); }

void Mqtt::follow(const std::function<void()>& on_subscribed, const OnMessage& on_message) {
    Backoff backoff;
    bool waited = false;
    for (;;) {
        if (!connect()) {
            if (!waited) log::warning("waiting for the MQTT broker at " + address_);
            waited = true;
            std::this_thread::sleep_for(backoff.next());
            continue;
        }
        if (waited) log::info("the MQTT broker is reachable");
        waited = false;
        backoff.reset();
        on_subscribed();
        client_->receive(on_message);
        log::warning("the connection to the MQTT broker is lost");
        waited = true;
    }
}

bool Mqtt::connect() {
    MQTTClient_connectOptions options = MQTTClient_connectOptions_initializer;
    options.keepAliveInterval = KEEP_ALIVE_S;
    options.connectTimeout = CONNECT_TIMEOUT_S;
    options.cleansession = 1;
    {
        const std::lock_guard lock(client_->mutex);
        client_->lost = false;
    }
    if (MQTTClient_connect(client_->handle, &options) != MQTTCLIENT_SUCCESS) return false;
    for (const auto& topic : topics_) {
        if (MQTTClient_subscribe(client_->handle, topic.c_str(), AT_MOST_ONCE) != MQTTCLIENT_SUCCESS) {
            MQTTClient_disconnect(client_->handle, 0);
            return false;
        }
    }
    return true;
}

void Mqtt::publish(const std::string& topic, const std::string& payload) {
    const int code = MQTTClient_publish(client_->handle, topic.c_str(), static_cast<int>(payload.size()), payload.data(),
                                        AT_MOST_ONCE, 0, nullptr);
    if (code != MQTTCLIENT_SUCCESS) log::warning("not published on " + topic + ": no connection to the MQTT broker");
}

}  // namespace app
