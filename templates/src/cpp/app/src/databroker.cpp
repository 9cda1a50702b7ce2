#include "databroker.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <thread>

#include "backoff.h"
#include "kuksa/val/v1/val.grpc.pb.h"
#include "log.h"
#include "speed_app.h"

namespace app {

namespace api = kuksa::val::v1;

namespace {

constexpr std::chrono::seconds CALL_TIMEOUT{2};
constexpr int FIRST_RECONNECT_MS = 200;
constexpr int LONGEST_RECONNECT_MS = 2000;

std::shared_ptr<grpc::Channel> open_channel(const Address& address) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, FIRST_RECONNECT_MS);
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, FIRST_RECONNECT_MS);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, LONGEST_RECONNECT_MS);
    return grpc::CreateCustomChannel(address.text(), grpc::InsecureChannelCredentials(), arguments);
}

std::optional<double> value_of(const api::DataEntry& entry) {
    switch (entry.value().value_case()) {
        case api::Datapoint::kFloat:
            return entry.value().float_();
        case api::Datapoint::kDouble:
            return entry.value().double_();
        default:
            return std::nullopt;
    }
}

}  // namespace

struct Databroker::Connection {
    explicit Connection(const Address& where)
        : address(where.text()), channel(open_channel(where)), stub(api::VAL::NewStub(channel)) {}

    const std::string address;
    const std::shared_ptr<grpc::Channel> channel;
    const std::unique_ptr<api::VAL::Stub> stub;
};

Databroker::Databroker(const Address& address) : connection_(std::make_unique<Connection>(address)) {}

Databroker::~Databroker() = default;

void Databroker::follow(const std::string& path, const std::function<void()>& on_subscribed,
                        const std::function<void(std::optional<double>)>& on_value) {
    api::SubscribeRequest request;
    auto& entry = *request.add_entries();
    entry.set_path(path);
    entry.set_view(api::VIEW_CURRENT_VALUE);
    entry.add_fields(api::FIELD_VALUE);

    Backoff backoff;
    bool failed_before = false;
    for (;;) {
        wait_until_reachable();
        grpc::ClientContext context;
        const auto stream = connection_->stub->Subscribe(&context, request);
        bool subscribed = false;
        for (api::SubscribeResponse response; stream->Read(&response);) {
            if (!subscribed) on_subscribed();
            if (failed_before) log::info("subscribed at the databroker again");
            subscribed = true;
            failed_before = false;
            backoff.reset();
            for (const auto& update : response.updates()) {
                if (update.entry().path() == path) on_value(value_of(update.entry()));
            }
        }
        const grpc::Status status = stream->Finish();
        if (!failed_before) log::warning("the subscription at the databroker ended: " + status.error_message());
        failed_before = true;
        std::this_thread::sleep_for(backoff.next());
    }
}

std::optional<double> Databroker::read(const std::string& path) {
    api::GetRequest request;
    auto& wanted = *request.add_entries();
    wanted.set_path(path);
    wanted.set_view(api::VIEW_CURRENT_VALUE);
    wanted.add_fields(api::FIELD_VALUE);

    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + CALL_TIMEOUT);
    api::GetResponse response;
    const grpc::Status status = connection_->stub->Get(&context, request, &response);
    if (!status.ok()) throw NoAnswer(status.error_message());
    if (response.errors_size() > 0) throw NoAnswer(response.errors(0).error().message());
    if (response.entries_size() == 0) return std::nullopt;
    return value_of(response.entries(0));
}

void Databroker::wait_until_reachable() {
    bool waited = false;
    while (!connection_->channel->WaitForConnected(std::chrono::system_clock::now() + CALL_TIMEOUT)) {
        if (!waited) log::warning("waiting for the databroker at " + connection_->address);
        waited = true;
    }
    if (waited) log::info("the databroker is reachable");
}

}  // namespace app
