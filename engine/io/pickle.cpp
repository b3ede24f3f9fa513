#include "engine/io/pickle.h"

#include <bit>
#include <cstring>
#include <unordered_map>

#include "engine/api/result.h"
#include "engine/io/utf8.h"

namespace orrery::io {

using Kind = PickleValue::Kind;

const PickleValue* PickleValue::at(std::string_view key) const {
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry)
    if (entry->first->is_text(key)) return entry->second;
  return nullptr;
}
const PickleValue* PickleValue::attribute(std::string_view key) const {
  return kind == Kind::object && state && state->kind == Kind::dict ? state->at(key) : nullptr;
}

PickleValue* PickleContext::make(Kind kind) {
  if (values.size() >= limits.values) refuse("it holds more than " + std::to_string(limits.values) + " values");
  values.emplace_back().kind = kind;
  return &values.back();
}
std::string_view PickleContext::keep(std::string text) { return texts.emplace_back(std::move(text)); }

void PickleContext::count(std::uint64_t operations_more) {
  operations += operations_more;
  if (operations > limits.operations) refuse("it has more than " + std::to_string(limits.operations) + " operations");
}

void PickleContext::refuse(const std::string& why) const {
  throw Error(ErrorCode::bad_input, what + " was not opened: " + why + ".", "Nothing in it was run and nothing was changed.", "Ask for the weights as .safetensors.");
}

namespace {

class Machine {
 public:
  Machine(std::string_view bytes, std::size_t at, PickleContext& context) : bytes_(bytes), at_(at), context_(context) {}
  PickleValue* run();
  std::size_t at() const { return at_; }

 private:
  void step(unsigned char op);
  [[noreturn]] void damaged(const std::string& why) const { context_.refuse("it is damaged or not a pickle (" + why + " at byte " + std::to_string(at_) + ")"); }

  std::string_view take(std::uint64_t count) {
    if (count > bytes_.size() - at_) damaged("it is cut off");
    at_ += count;
    return bytes_.substr(at_ - count, count);
  }
  std::uint64_t number(int count) {
    const auto part = take(static_cast<std::uint64_t>(count));
    std::uint64_t value = 0;
    for (int i = count - 1; i >= 0; --i) value = value << 8 | static_cast<unsigned char>(part[static_cast<std::size_t>(i)]);
    return value;
  }
  std::string_view line() {
    const auto end = bytes_.find('\n', at_);
    if (end == std::string_view::npos || end - at_ > 1000) damaged("an endless name");
    const auto text = bytes_.substr(at_, end - at_);
    at_ = end + 1;
    return text;
  }

  void push(PickleValue* value) {
    if (stack_.size() >= context_.limits.stack) damaged("its stack is too deep");
    stack_.push_back(value);
  }
  PickleValue* pop() {
    if (stack_.empty() || (!marks_.empty() && stack_.size() <= marks_.back())) damaged("its stack is empty");
    PickleValue* value = stack_.back();
    stack_.pop_back();
    return value;
  }
  PickleValue* top() {
    if (stack_.empty() || (!marks_.empty() && stack_.size() <= marks_.back())) damaged("its stack is empty");
    return stack_.back();
  }
  std::vector<PickleValue*> pop_to_mark() {
    if (marks_.empty()) damaged("a mark is missing");
    std::vector<PickleValue*> items(stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back()), stack_.end());
    stack_.resize(marks_.back());
    marks_.pop_back();
    return items;
  }
  void push_sequence(Kind kind, std::vector<PickleValue*> items) {
    PickleValue* value = context_.make(kind);
    value->items = std::move(items);
    push(value);
  }
  void push_last(Kind kind, std::size_t count) {
    std::vector<PickleValue*> items(count);
    for (std::size_t i = count; i > 0; --i) items[i - 1] = pop();
    push_sequence(kind, std::move(items));
  }
  void push_integer(std::int64_t number) {
    PickleValue* value = context_.make(Kind::integer);
    value->integer = number;
    push(value);
  }
  void push_boolean(bool truth) {
    PickleValue* value = context_.make(Kind::boolean);
    value->integer = truth;
    push(value);
  }
  void push_text(std::uint64_t count) {
    if (count > context_.limits.text_bytes) damaged("a text is too long");
    PickleValue* value = context_.make(Kind::text);
    value->text = take(count);
    if (!is_utf8(value->text)) damaged("a text is not UTF-8");
    push(value);
  }
  void push_bytes(std::uint64_t count) {
    PickleValue* value = context_.make(Kind::bytes);
    value->text = take(count);
    push(value);
  }
  void push_global(std::string_view module, std::string_view name) {
    PickleValue* value = context_.make(Kind::global);
    if (!is_utf8(module) || !is_utf8(name) || module.size() + name.size() > 1000) damaged("a name is not text");
    value->text = context_.keep(std::string(module) + "." + std::string(name));
    check_global(context_, value->text);
    push(value);
  }
  void add_entries(PickleValue* target, const std::vector<PickleValue*>& items) {
    if ((target->kind != Kind::dict && target->kind != Kind::object) || items.size() % 2 != 0) damaged("entries for something that is no dictionary");
    for (std::size_t i = 0; i < items.size(); i += 2) target->entries.emplace_back(items[i], items[i + 1]);
  }
  void add_items(PickleValue* target, const std::vector<PickleValue*>& items, Kind kind) {
    if (target->kind != kind && target->kind != Kind::object) damaged("items for something that is no list");
    target->items.insert(target->items.end(), items.begin(), items.end());
  }
  void remember(std::uint64_t key) {
    memo_[key] = top();
    if (memo_.size() > context_.limits.values) damaged("its memory is too large");
  }
  void recall(std::uint64_t key) {
    const auto found = memo_.find(key);
    if (found == memo_.end()) damaged("it refers to what it has not defined");
    push(found->second);
  }

  std::string_view bytes_;
  std::size_t at_;
  PickleContext& context_;
  std::vector<PickleValue*> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<std::uint64_t, PickleValue*> memo_;
};

PickleValue* Machine::run() {
  while (true) {
    context_.count(1);
    const auto op = static_cast<unsigned char>(take(1).front());
    if (op == '.') break;
    step(op);
  }
  PickleValue* result = pop();
  if (!stack_.empty() || !marks_.empty()) damaged("values are left over");
  return result;
}

// The opcodes of protocols 2 to 4 that data needs. Left out on purpose: INST, OBJ, EXT1-4, PERSID, LONG4, the text forms of protocol 0,
// out-of-band buffers.
void Machine::step(unsigned char op) {
  switch (op) {
    case 0x80: if (number(1) > 5) damaged("an unknown protocol"); break;                 // PROTO
    case 0x95: number(8); break;                                                          // FRAME
    case '(': if (marks_.size() >= context_.limits.stack) damaged("too many marks"); marks_.push_back(stack_.size()); break;  // MARK
    case '0': if (!marks_.empty() && stack_.size() == marks_.back()) marks_.pop_back(); else pop(); break;                    // POP
    case '1': pop_to_mark(); break;                                                       // POP_MARK
    case 'N': push(context_.make(Kind::none)); break;                                     // NONE
    case 0x88: push_boolean(true); break;                                                 // NEWTRUE
    case 0x89: push_boolean(false); break;                                                // NEWFALSE
    case 'J': push_integer(static_cast<std::int32_t>(number(4))); break;                  // BININT
    case 'K': push_integer(static_cast<std::int64_t>(number(1))); break;                  // BININT1
    case 'M': push_integer(static_cast<std::int64_t>(number(2))); break;                  // BININT2
    case 0x8a: {                                                                          // LONG1
      const auto digits = take(number(1));
      if (digits.size() > 8) {
        PickleValue* value = context_.make(Kind::big_integer);
        value->text = digits;
        push(value);
      } else {
        std::uint64_t bits = !digits.empty() && (digits.back() & 0x80) ? ~std::uint64_t{0} : 0;
        for (std::size_t i = digits.size(); i > 0; --i) bits = bits << 8 | static_cast<unsigned char>(digits[i - 1]);
        push_integer(std::bit_cast<std::int64_t>(bits));
      }
      break;
    }
    case 'G': {                                                                           // BINFLOAT, big-endian
      PickleValue* value = context_.make(Kind::real);
      std::uint64_t bits = 0;
      for (const char byte : take(8)) bits = bits << 8 | static_cast<unsigned char>(byte);
      value->real = std::bit_cast<double>(bits);
      push(value);
      break;
    }
    case 'X': push_text(number(4)); break;                                                // BINUNICODE
    case 0x8c: push_text(number(1)); break;                                               // SHORT_BINUNICODE
    case 0x8d: push_text(number(8)); break;                                               // BINUNICODE8
    case 'U': {                                                                           // SHORT_BINSTRING, of Python 2
      PickleValue* value = context_.make(Kind::text);
      const auto raw = take(number(1));
      value->text = is_utf8(raw) ? raw : context_.keep(utf8_from_latin1(raw));
      push(value);
      break;
    }
    case 'C': push_bytes(number(1)); break;                                               // SHORT_BINBYTES
    case 'B': push_bytes(number(4)); break;                                               // BINBYTES
    case 0x8e: push_bytes(number(8)); break;                                              // BINBYTES8
    case ']': push(context_.make(Kind::list)); break;                                     // EMPTY_LIST
    case ')': push(context_.make(Kind::tuple)); break;                                    // EMPTY_TUPLE
    case '}': push(context_.make(Kind::dict)); break;                                     // EMPTY_DICT
    case 0x8f: push(context_.make(Kind::set)); break;                                     // EMPTY_SET
    case 'a': { PickleValue* item = pop(); add_items(top(), {item}, Kind::list); break; }                       // APPEND
    case 'e': { const auto items = pop_to_mark(); add_items(top(), items, Kind::list); break; }                 // APPENDS
    case 0x90: { const auto items = pop_to_mark(); add_items(top(), items, Kind::set); break; }                 // ADDITEMS
    case 's': { PickleValue* value = pop(); PickleValue* key = pop(); add_entries(top(), {key, value}); break; }  // SETITEM
    case 'u': { const auto items = pop_to_mark(); add_entries(top(), items); break; }                           // SETITEMS
    case 't': push_sequence(Kind::tuple, pop_to_mark()); break;                           // TUPLE
    case 0x91: push_sequence(Kind::set, pop_to_mark()); break;                            // FROZENSET
    case 0x85: push_last(Kind::tuple, 1); break;                                          // TUPLE1
    case 0x86: push_last(Kind::tuple, 2); break;                                          // TUPLE2
    case 0x87: push_last(Kind::tuple, 3); break;                                          // TUPLE3
    case 'h': recall(number(1)); break;                                                   // BINGET
    case 'j': recall(number(4)); break;                                                   // LONG_BINGET
    case 'q': remember(number(1)); break;                                                 // BINPUT
    case 'r': remember(number(4)); break;                                                 // LONG_BINPUT
    case 0x94: remember(memo_.size()); break;                                             // MEMOIZE
    case 'c': { const auto module = line(); push_global(module, line()); break; }         // GLOBAL
    case 0x93: {                                                                          // STACK_GLOBAL
      const PickleValue* name = pop();
      const PickleValue* module = pop();
      if (name->kind != Kind::text || module->kind != Kind::text) damaged("a name is not text");
      push_global(module->text, name->text);
      break;
    }
    case 'R':                                                                             // REDUCE
    case 0x81: {                                                                          // NEWOBJ
      PickleValue* arguments = pop();
      PickleValue* callable = pop();
      push(describe_call(context_, callable, arguments));
      break;
    }
    case 0x92: {                                                                          // NEWOBJ_EX
      PickleValue* named = pop();
      PickleValue* arguments = pop();
      PickleValue* made = describe_call(context_, pop(), arguments);
      if (made->kind == Kind::object && named->kind == Kind::dict) {
        context_.count(named->entries.size());
        made->entries = named->entries;
      }
      push(made);
      break;
    }
    case 'b': { PickleValue* state = pop(); describe_state(context_, top(), state); break; }  // BUILD
    case 'Q': push(describe_storage(context_, pop())); break;                             // BINPERSID
    default: {
      static const char* const digits = "0123456789abcdef";
      damaged(std::string("the operation 0x") + digits[op >> 4] + digits[op & 15] + " is not one of data");
    }
  }
}

}  // namespace

PickleValue* run_pickle(std::string_view bytes, std::size_t& at, PickleContext& context) {
  Machine machine(bytes, at, context);
  PickleValue* result = machine.run();
  at = machine.at();
  return result;
}

}  // namespace orrery::io
