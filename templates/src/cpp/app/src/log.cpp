#include "log.h"

#include <array>
#include <atomic>
#include <cctype>
#include <chrono>
#include <cstdio>
#include <ctime>

#include "speed_app.h"

namespace app::log {

namespace {

constexpr std::array NAMES = {"DEBUG", "INFO", "WARNING", "ERROR"};

std::atomic<Level> least = Level::INFO;

void write(Level level, const std::string& message) {
    if (level < least) return;
    const auto now = std::chrono::system_clock::now();
    const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
    const auto since_epoch = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
    std::tm parts{};
    localtime_r(&seconds, &parts);
    std::array<char, sizeof "2026-01-01 00:00:00"> time{};
    std::strftime(time.data(), time.size(), "%F %T", &parts);
    // One call, so that lines of several threads do not mix; flushed, since a pipe is not a terminal.
    std::printf("%s,%03d %-7s %s: %s\n", time.data(), static_cast<int>(since_epoch.count() % 1000),
                NAMES[static_cast<std::size_t>(level)], NAME, message.c_str());
    std::fflush(stdout);
}

}  // namespace

void set_level(std::string_view name) {
    std::string upper(name);
    for (char& letter : upper) letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
    least = Level::INFO;
    for (std::size_t level = 0; level < NAMES.size(); ++level) {
        if (upper == NAMES[level]) least = static_cast<Level>(level);
    }
}

void info(const std::string& message) { write(Level::INFO, message); }
void warning(const std::string& message) { write(Level::WARNING, message); }
void error(const std::string& message) { write(Level::ERROR, message); }

}  // namespace app::log
