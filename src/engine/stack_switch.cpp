#include "engine/stack_switch.h"

#include <cxxabi.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <utility>

#if !defined(__x86_64__) || defined(ORLOP_UCONTEXT)
#include <ucontext.h>
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

#if defined(__x86_64__) && !defined(ORLOP_UCONTEXT)

// Saves what a called function must preserve (System V ABI for AMD64, section 3.2.1: six registers and the control
// words of both floating-point units), keeps the stack's pointer in *save and takes up the other stack where it
// stopped.
extern "C" void orlop_switch_stack(void** save, void* load) noexcept;
// Where a new stack begins: calls the function in r13 with what is in r12.
extern "C" void orlop_begin_stack() noexcept;

asm(R"(
.text
.p2align 4
.hidden orlop_switch_stack
.globl orlop_switch_stack
.type orlop_switch_stack, @function
orlop_switch_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  subq $8, %rsp
  stmxcsr (%rsp)
  fnstcw 4(%rsp)
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  ldmxcsr (%rsp)
  fldcw 4(%rsp)
  addq $8, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size orlop_switch_stack, .-orlop_switch_stack
.p2align 4
.hidden orlop_begin_stack
.globl orlop_begin_stack
.type orlop_begin_stack, @function
orlop_begin_stack:
  .cfi_startproc
  .cfi_undefined rip
  movq %r12, %rdi
  call *%r13
  ud2
  .cfi_endproc
.size orlop_begin_stack, .-orlop_begin_stack
)");

#endif

namespace orlop::engine {
namespace {

// Taken from the system as it is touched. The deepest calls there are, a TLS handshake among them, use a tenth of it.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t stack_size = std::size_t{2} << 20;
#else
constexpr std::size_t stack_size = std::size_t{512} << 10;
#endif

std::size_t guard_size() noexcept {
  static const auto size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return size;
}

// An overflow ends the process instead of writing over something else.
std::byte* new_stack() noexcept {
  void* memory = ::mmap(nullptr, guard_size() + stack_size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  if (::mprotect(memory, guard_size(), PROT_NONE) != 0) {
    ::munmap(memory, guard_size() + stack_size);
    return nullptr;
  }
  return static_cast<std::byte*>(memory) + guard_size();
}

}  // namespace

StackSwitch::StackSwitch(Body body, void* argument) : body_(body), argument_(argument), memory_(new_stack()) {
  if (!memory_) return;
#if defined(__SANITIZE_ADDRESS__)
  __lsan_register_root_region(memory_, stack_size);
#endif
#if defined(__SANITIZE_THREAD__)
  tsan_inside_ = __tsan_create_fiber(0);
#endif
  prepare();
}

StackSwitch::~StackSwitch() {
  if (!memory_) return;
#if defined(__SANITIZE_ADDRESS__)
  __lsan_unregister_root_region(memory_, stack_size);
#endif
#if defined(__SANITIZE_THREAD__)
  __tsan_destroy_fiber(tsan_inside_);
#endif
#if !defined(__x86_64__) || defined(ORLOP_UCONTEXT)
  delete static_cast<ucontext_t*>(inside_);
  delete static_cast<ucontext_t*>(outside_);
#endif
  ::munmap(memory_ - guard_size(), guard_size() + stack_size);
}

void StackSwitch::start(void* self) {
  auto& here = *static_cast<StackSwitch*>(self);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(nullptr, &here.outer_bottom_, &here.outer_size_);
#endif
  here.body_(here.argument_);
}

void StackSwitch::enter() noexcept {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&fake_outside_, memory_, stack_size);
#endif
#if defined(__SANITIZE_THREAD__)
  tsan_outside_ = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(tsan_inside_, 0);
#endif
  jump_in();
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(fake_outside_, nullptr, nullptr);
#endif
}

void StackSwitch::leave() noexcept {
  auto* present = reinterpret_cast<ExceptionState*>(abi::__cxa_get_globals());
  exceptions_ = std::exchange(*present, ExceptionState());
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&fake_inside_, outer_bottom_, outer_size_);
#endif
#if defined(__SANITIZE_THREAD__)
  __tsan_switch_to_fiber(tsan_outside_, 0);
#endif
  jump_out();
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(fake_inside_, &outer_bottom_, &outer_size_);
#endif
  *present = exceptions_;
}

#if defined(__x86_64__) && !defined(ORLOP_UCONTEXT)

void StackSwitch::prepare() {
  // As orlop_switch_stack() would have left it: control words, r15, r14, r13, r12, rbx, rbp, and where to return to,
  // with the stack aligned to 16 bytes behind it.
  std::uint32_t control[2] = {0, 0};
  asm volatile("stmxcsr %0" : "=m"(control[0]));
  asm volatile("fnstcw %0" : "=m"(control[1]));
  std::uint64_t frame[8] = {};
  std::memcpy(&frame[0], control, sizeof control);
  frame[3] = reinterpret_cast<std::uint64_t>(&StackSwitch::start);
  frame[4] = reinterpret_cast<std::uint64_t>(this);
  frame[7] = reinterpret_cast<std::uint64_t>(&orlop_begin_stack);
  inside_ = memory_ + stack_size - sizeof frame;
  std::memcpy(inside_, frame, sizeof frame);
}

void StackSwitch::jump_in() noexcept { orlop_switch_stack(&outside_, inside_); }
void StackSwitch::jump_out() noexcept { orlop_switch_stack(&inside_, outside_); }

#else

// Costs two calls of the system each time, for masks of signals that are all alike here.
void StackSwitch::prepare() {
  auto* context = new ucontext_t;
  inside_ = context;
  outside_ = new ucontext_t;
  getcontext(context);
  context->uc_stack.ss_sp = memory_;
  context->uc_stack.ss_size = stack_size;
  context->uc_link = nullptr;
  // makecontext() hands on ints only.
  const auto self = reinterpret_cast<std::uintptr_t>(this);
  using Start = void (*)();
  const auto begin = [](unsigned high, unsigned low) {
    start(reinterpret_cast<void*>((static_cast<std::uintptr_t>(high) << 16 << 16) | low));
  };
  makecontext(context, reinterpret_cast<Start>(static_cast<void (*)(unsigned, unsigned)>(begin)), 2,
              static_cast<unsigned>(self >> 16 >> 16), static_cast<unsigned>(self));
}

void StackSwitch::jump_in() noexcept {
  swapcontext(static_cast<ucontext_t*>(outside_), static_cast<ucontext_t*>(inside_));
}
void StackSwitch::jump_out() noexcept {
  swapcontext(static_cast<ucontext_t*>(inside_), static_cast<ucontext_t*>(outside_));
}

#endif

}  // namespace orlop::engine
