#include "engine/reactor.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <new>
#include <utility>

#include "engine/background.h"

namespace orlop::engine {
namespace {

// Stacks of calls that are over are kept for the next ones, but not when none has come for so long.
constexpr std::chrono::seconds idle_stacks_limit{10};

constexpr int events_at_once = 256;

thread_local Fiber* running_fiber = nullptr;

// Sockets that are registered with the kernel, one bit a descriptor. A closed one is no longer, and its number will
// soon be another's: whoever closes it takes the bit away.
std::array<std::atomic<std::uint64_t>, 1024> registered_sockets;

// Between the thread that takes a registration back and one that closes the socket: its number may be another's after.
std::mutex* const closing = new std::mutex;

std::uint64_t bit_of(int fd) noexcept { return std::uint64_t{1} << (fd % 64); }
std::atomic<std::uint64_t>* word_of(int fd) noexcept {
  const auto index = static_cast<std::size_t>(fd) / 64;
  return index < registered_sockets.size() ? &registered_sockets[index] : nullptr;
}

bool is_registered(int fd) noexcept {
  const auto* word = word_of(fd);
  return word && (word->load(std::memory_order_acquire) & bit_of(fd)) != 0;
}

void set_registered(int fd) noexcept {
  if (auto* word = word_of(fd)) word->fetch_or(bit_of(fd), std::memory_order_acq_rel);
}

}  // namespace

// ---- Fiber ----

Fiber::Fiber(Reactor& reactor) : reactor_(reactor) {}

Fiber* Fiber::current() noexcept { return running_fiber; }

void Fiber::run(Call call) {
  if (!Reactor::instance().post(call)) call();
}

void Fiber::forget_socket(int fd) noexcept { Reactor::forget(fd); }

void Fiber::suspend(std::span<SocketWait> sockets, Clock::time_point until) { reactor_.suspend(*this, sockets, until); }

void Fiber::wake() { reactor_.wake(*this); }

void Fiber::work() {
  for (;;) {
    call_();
    call_ = nullptr;
    reactor_.finished();
    stack_->leave();
  }
}

// ---- Reactor: one a process ----

std::atomic<Reactor*> Reactor::current_{nullptr};
Reactor* Reactor::forgotten_ = nullptr;

Reactor& Reactor::instance() {
  static const int watched = pthread_atfork(nullptr, nullptr, &Reactor::forget_after_fork);
  static_cast<void>(watched);
  Reactor* reactor = current_.load(std::memory_order_acquire);
  if (reactor) return *reactor;
  auto* fresh = new Reactor(forgotten_);
  if (current_.compare_exchange_strong(reactor, fresh, std::memory_order_acq_rel)) return *fresh;
  delete fresh;
  return *reactor;
}

Reactor::Reactor(Reactor* before) : before_(before) {
  // A program that ends while calls are under way must not take OpenSSL from under them: its own handler has to be
  // registered before ours, for they run in reverse order.
  OPENSSL_init_crypto(0, nullptr);
  static const int at_exit = std::atexit(&Reactor::stop_at_exit);
  static_cast<void>(at_exit);
}

Reactor::~Reactor() = default;

// Runs in the child: closes what it shares with its parent, whose registrations it would change.
void Reactor::forget_after_fork() {
  Reactor* inherited = current_.exchange(nullptr, std::memory_order_relaxed);
  new (closing) std::mutex;  // of the parent's threads one may hold it
  if (!inherited) return;
  forgotten_ = inherited;
  if (inherited->epoll_ >= 0) ::close(inherited->epoll_);
  if (inherited->event_ >= 0) ::close(inherited->event_);
  for (auto& word : registered_sockets) word.store(0, std::memory_order_relaxed);
}

void Reactor::stop_at_exit() {
  Reactor* reactor = current_.load(std::memory_order_acquire);
  if (!reactor || running_fiber) return;
  {
    std::lock_guard lock(reactor->mutex_);
    if (!reactor->started_) return;
    reactor->exiting_ = true;
    const std::uint64_t one = 1;
    static_cast<void>(::write(reactor->event_, &one, sizeof one));
  }
  for (int tries = 0; !reactor->standing_ && tries < 1000; ++tries) ::usleep(1000);
}

bool Reactor::start() {
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  event_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = event_;
  const bool whole = epoll_ >= 0 && event_ >= 0 && ::epoll_ctl(epoll_, EPOLL_CTL_ADD, event_, &event) == 0;
  if (whole && run_in_background([this] { run(); })) return true;
  for (int* fd : {&epoll_, &event_}) {
    if (*fd >= 0) ::close(*fd);
    *fd = -1;
  }
  return false;
}

// ---- From other threads ----

bool Reactor::post(Fiber::Call& call) {
  std::lock_guard lock(mutex_);
  if (!started_ && !(started_ = start())) return false;
  posted_.push_back(std::move(call));
  if (!std::exchange(sleeping_, false)) return true;
  const std::uint64_t one = 1;
  static_cast<void>(::write(event_, &one, sizeof one));
  return true;
}

void Reactor::wake(Fiber& fiber) {
  std::lock_guard lock(mutex_);
  woken_.push_back(&fiber);
  if (!std::exchange(sleeping_, false)) return;
  const std::uint64_t one = 1;
  static_cast<void>(::write(event_, &one, sizeof one));
}

void Reactor::forget(int fd) noexcept {
  if (!is_registered(fd)) return;
  std::lock_guard lock(*closing);
  if (auto* word = word_of(fd)) word->fetch_and(~bit_of(fd), std::memory_order_acq_rel);
}

// ---- The thread ----

void Reactor::run() {
  for (;;) {
    if (exiting_) stand_still();
    take_posted();
    start_calls();
    resuming_.swap(ready_);
    for (Fiber* fiber : resuming_) resume(*fiber);
    resuming_.clear();
    poll();
  }
}

// The process ends. What the calls under way hold stays as it is.
void Reactor::stand_still() {
  standing_ = true;
  for (;;) ::pause();
}

void Reactor::take_posted() {
  std::lock_guard lock(mutex_);
  std::move(posted_.begin(), posted_.end(), std::back_inserter(waiting_));
  posted_.clear();
  for (Fiber* fiber : woken_) make_ready(*fiber);
  woken_.clear();
}

void Reactor::start_calls() {
  while (!waiting_.empty() && running_ < Fiber::running_limit) {
    Fiber* fiber = idle_fiber();
    if (!fiber && running_ > 0) return;  // it takes the place of one that ends
    Fiber::Call call = std::move(waiting_.front());
    waiting_.pop_front();
    if (!fiber) {
      call();  // alone, on the thread's own stack
      continue;
    }
    fiber->call_ = std::move(call);
    ++running_;
    ready_.push_back(fiber);
  }
}

// Null: there is no memory for another stack.
Fiber* Reactor::idle_fiber() {
  if (idle_.empty()) idle_.push_back(&fibers_.emplace_back(*this));
  Fiber* fiber = idle_.back();
  if (!fiber->stack_) {
    auto stack = std::make_unique<StackSwitch>([](void* self) { static_cast<Fiber*>(self)->work(); }, fiber);
    if (!stack->is_usable()) return nullptr;
    fiber->stack_ = std::move(stack);
  }
  idle_.pop_back();
  return fiber;
}

void Reactor::resume(Fiber& fiber) {
  running_fiber = &fiber;
  finished_ = false;
  fiber.stack_->enter();
  running_fiber = nullptr;
  if (!finished_) return;
  --running_;
  idle_.push_back(&fiber);
  // What waits takes the place at once, with the connection that has just become free.
  start_calls();
}

void Reactor::make_ready(Fiber& fiber) {
  if (!std::exchange(fiber.suspended_, false)) return;
  ready_.push_back(&fiber);
}

void Reactor::suspend(Fiber& fiber, std::span<SocketWait> sockets, Clock::time_point until) {
  for (SocketWait& socket : sockets) watch(fiber, socket);
  auto timer = timers_.end();
  if (until != Clock::time_point::max()) timer = timers_.emplace(until, &fiber);
  fiber.suspended_ = true;
  fiber.stack_->leave();
  if (timer != timers_.end()) timers_.erase(timer);
  for (SocketWait& socket : sockets) sockets_[static_cast<std::size_t>(socket.fd)].wait = nullptr;
}

// A connection is mostly waited for in the same way again and again, so it stays registered between two calls; should
// something happen to it when nobody waits, dispatch() ends that.
void Reactor::watch(Fiber& fiber, SocketWait& wait) {
  const auto index = static_cast<std::size_t>(wait.fd);
  if (sockets_.size() <= index) sockets_.resize(index + 64);
  Socket& socket = sockets_[index];
  wait.readable = wait.writable = false;
  socket.wait = &wait;
  socket.fiber = &fiber;
  epoll_event event{};
  event.events = (wait.to_read ? EPOLLIN : 0U) | (wait.to_write ? EPOLLOUT : 0U);
  event.data.fd = wait.fd;
  const bool known = is_registered(wait.fd);
  if (known && socket.events == event.events) return;
  socket.events = event.events;
  set_registered(wait.fd);
  const int first = known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  const int second = known ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  if (::epoll_ctl(epoll_, first, wait.fd, &event) == 0 || ::epoll_ctl(epoll_, second, wait.fd, &event) == 0) return;
  // Nothing will be told of it: whoever waits looks for himself.
  wait.readable = wait.to_read;
  wait.writable = wait.to_write;
  wake(fiber);
}

void Reactor::dispatch(int fd, std::uint32_t events) {
  Socket& socket = sockets_[static_cast<std::size_t>(fd)];
  if (!socket.wait) {
    unregister(fd);
    return;
  }
  const bool over = (events & (EPOLLERR | EPOLLHUP)) != 0;
  socket.wait->readable |= over || (events & EPOLLIN) != 0;
  socket.wait->writable |= over || (events & EPOLLOUT) != 0;
  make_ready(*socket.fiber);
}

void Reactor::unregister(int fd) {
  std::lock_guard lock(*closing);
  auto* word = word_of(fd);
  if (word && !is_registered(fd)) return;  // closed meanwhile
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
  if (word) word->fetch_and(~bit_of(fd), std::memory_order_acq_rel);
}

void Reactor::poll() {
  std::array<epoll_event, events_at_once> events;
  const int count = ::epoll_wait(epoll_, events.data(), events_at_once, patience());
  {
    std::lock_guard lock(mutex_);
    sleeping_ = false;
  }
  if (count == 0 && running_ == 0) free_stacks();
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if (event.data.fd != event_) {
      dispatch(event.data.fd, event.events);
      continue;
    }
    std::uint64_t ignored = 0;
    static_cast<void>(::read(event_, &ignored, sizeof ignored));
  }
  fire_timers();
}

// How many milliseconds there is nothing to do for sure; -1: for ever.
int Reactor::patience() {
  std::lock_guard lock(mutex_);
  if (!ready_.empty() || !posted_.empty() || !woken_.empty() || exiting_) return 0;
  sleeping_ = true;
  const bool stacks =
      running_ == 0 && std::ranges::any_of(idle_, [](Fiber* fiber) { return fiber->stack_ != nullptr; });
  if (timers_.empty()) return stacks ? std::chrono::milliseconds(idle_stacks_limit).count() : -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(timers_.begin()->first - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
}

void Reactor::fire_timers() {
  if (timers_.empty()) return;
  const auto now = Clock::now();
  for (auto timer = timers_.begin(); timer != timers_.end() && timer->first <= now; ++timer) make_ready(*timer->second);
}

void Reactor::free_stacks() noexcept {
  for (Fiber* fiber : idle_) fiber->stack_.reset();
}

}  // namespace orlop::engine
