// A second stack in one thread, and the way to it and back.
#pragma once

#include <cstddef>
#include <type_traits>

namespace orlop::engine {

// Runs a function on a stack of its own, until it goes back; the next enter() goes on there. The function must not
// end and nothing may be thrown out of it. All of it happens in one thread.
class StackSwitch {
 public:
  using Body = void (*)(void* argument);

  // No memory: is_usable() is false.
  StackSwitch(Body body, void* argument);
  ~StackSwitch();  // of one that stands in leave(): what is on the stack is forgotten, not destroyed
  StackSwitch(const StackSwitch&) = delete;
  StackSwitch& operator=(const StackSwitch&) = delete;

  bool is_usable() const noexcept { return memory_ != nullptr; }
  // From outside: goes there. Returns when the body calls leave().
  void enter() noexcept;
  // From inside: goes back. Returns with the next enter().
  void leave() noexcept;

 private:
  // What the C++ runtime keeps of a thread's exceptions (Itanium C++ ABI, section 2.2.2): each stack has its own.
  struct ExceptionState {
    void* caught = nullptr;
    unsigned uncaught = 0;
  };

  static void start(void* self);
  void prepare();
  void jump_in() noexcept;
  void jump_out() noexcept;

  const Body body_;
  void* const argument_;
  std::byte* memory_ = nullptr;
  void* inside_ = nullptr;
  void* outside_ = nullptr;
  ExceptionState exceptions_;

  // For the sanitizers, which have to be told.
  [[maybe_unused]] void* fake_inside_ = nullptr;
  [[maybe_unused]] void* fake_outside_ = nullptr;
  [[maybe_unused]] const void* outer_bottom_ = nullptr;
  [[maybe_unused]] std::size_t outer_size_ = 0;
  [[maybe_unused]] void* tsan_inside_ = nullptr;
  [[maybe_unused]] void* tsan_outside_ = nullptr;
};

}  // namespace orlop::engine
