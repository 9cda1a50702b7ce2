#include "health.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

namespace app {

namespace {

constexpr int BACKLOG = 16;
constexpr timeval REQUEST_TIMEOUT{.tv_sec = 2, .tv_usec = 0};

std::system_error failure(const char* what) { return {errno, std::generic_category(), what}; }

std::string response(std::string_view request, bool is_ready) {
    std::string_view status = "503 Service Unavailable";
    std::string_view body = "starting\n";
    if (!request.starts_with("GET /healthz")) {
        status = "404 Not Found";
        body = "see /healthz\n";
    } else if (is_ready) {
        status = "200 OK";
        body = "ready\n";
    }
    return "HTTP/1.1 " + std::string(status) + "\r\nContent-Type: text/plain\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + std::string(body);
}

/** A probe's request fits into one packet, and nothing behind its first line is of interest. */
void answer(int connection, const std::function<bool()>& is_ready) {
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &REQUEST_TIMEOUT, sizeof REQUEST_TIMEOUT);
    setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &REQUEST_TIMEOUT, sizeof REQUEST_TIMEOUT);
    std::array<char, 1024> request{};
    const ssize_t length = recv(connection, request.data(), request.size(), 0);
    if (length > 0) {
        const std::string text = response({request.data(), static_cast<std::size_t>(length)}, is_ready());
        // A peer that went away needs no answer, and must not end the app by a signal.
        send(connection, text.data(), text.size(), MSG_NOSIGNAL);
    }
    close(connection);
}

}  // namespace

HealthServer::HealthServer(std::uint16_t port, std::function<bool()> is_ready) {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0) throw failure("no socket for /healthz");
    const int on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    address.sin_port = htons(port);
    socklen_t size = sizeof address;
    if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) < 0 || listen(listener, BACKLOG) < 0 ||
        getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) < 0) {
        const auto error = failure(("/healthz cannot be served on port " + std::to_string(port)).c_str());
        close(listener);
        throw error;
    }
    port_ = ntohs(address.sin_port);
    std::thread([listener, is_ready = std::move(is_ready)] {
        for (;;) {
            const int connection = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
            // A thread each: a peer that sends nothing must not keep a probe waiting.
            if (connection >= 0) std::thread(answer, connection, is_ready).detach();
        }
    }).detach();
}

}  // namespace app
