// The far end of `Worker` in harness.py: reads "operation count" lines, answers each with what it cost, as JSON.
#pragma once

#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace orlop::bench {

struct Cost {
  double cpu = 0;   // seconds, user and system
  double wall = 0;  // seconds
};

inline double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

inline long peak_kib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

// Shared among as many threads as BENCH_THREADS says.
template <class Operation>
void share(long count, Operation&& operation) {
  const char* said = std::getenv("BENCH_THREADS");
  const long threads = said ? std::atol(said) : 1;
  const auto repeat = [&](long times) {
    for (long i = 0; i < times; ++i) operation();
  };
  if (threads == 1) return repeat(count);
  std::vector<std::jthread> pool;
  for (long i = 0; i < threads; ++i) pool.emplace_back(repeat, count / threads);
}

template <class Operation>
Cost measure(long count, Operation&& operation) {
  const auto begin = std::chrono::steady_clock::now();
  const double cpu = cpu_seconds();
  share(count, operation);
  return {cpu_seconds() - cpu, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count()};
}

using Operations = std::map<std::string, std::function<void()>>;

inline void serve(const Operations& operations) {
  std::string name;
  for (long count = 0; std::cin >> name >> count;) {
    const Cost cost = measure(count, operations.at(name));
    std::printf("{\"cpu\": %.9f, \"wall\": %.9f, \"peak_mib\": %.2f}\n", cost.cpu, cost.wall,
                static_cast<double>(peak_kib()) / 1024);
    std::fflush(stdout);
  }
}

[[noreturn]] inline void fail(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(1);
}

inline std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

}  // namespace orlop::bench
