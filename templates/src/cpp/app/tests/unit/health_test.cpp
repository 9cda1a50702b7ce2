#include "health.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <string>
#include <system_error>

namespace {

int connect_to(std::uint16_t port) {
    const int connection = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    REQUIRE(connect(connection, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    return connection;
}

std::string answer_to(const std::string& request, std::uint16_t port) {
    const int connection = connect_to(port);
    REQUIRE(send(connection, request.data(), request.size(), 0) == static_cast<ssize_t>(request.size()));
    std::string answer;
    std::array<char, 256> part{};
    for (ssize_t length = 0; (length = recv(connection, part.data(), part.size(), 0)) > 0;) {
        answer.append(part.data(), static_cast<std::size_t>(length));
    }
    close(connection);
    return answer;
}

}  // namespace

TEST_CASE("probes are told whether the app is ready") {
    // Threads of a server live as long as the process.
    static std::atomic<bool> is_ready;
    is_ready = false;
    const app::HealthServer server(0, [] { return is_ready.load(); });

    CHECK(answer_to("GET /healthz HTTP/1.1\r\n\r\n", server.port()).starts_with("HTTP/1.1 503 "));
    is_ready = true;
    CHECK(answer_to("GET /healthz HTTP/1.1\r\n\r\n", server.port()).starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(answer_to("GET / HTTP/1.1\r\n\r\n", server.port()).starts_with("HTTP/1.1 404 "));

    SUBCASE("also while somebody is connected and says nothing") {
        const int silent = connect_to(server.port());
        CHECK(answer_to("GET /healthz HTTP/1.1\r\n\r\n", server.port()).starts_with("HTTP/1.1 200 OK\r\n"));
        close(silent);
    }
    SUBCASE("a port that is taken is an error") {
        CHECK_THROWS_AS(app::HealthServer(server.port(), [] { return true; }), std::system_error);
    }
}
