// What every function of redan.h does with its arguments and results.
#pragma once

#include <algorithm>
#include <cstring>
#include <redan/error.hpp>
#include <redan/types.hpp>
#include <string>
#include <utility>

#include "capi/handles.hpp"

namespace redan::capi {

inline constexpr int kOk = REDAN_OK;
inline constexpr int kInvalid = REDAN_INVALID_ARGUMENT;

/// All pointers are there.
template <class... Pointers>
bool present(Pointers*... pointers) {
  return (... && (pointers != nullptr));
}

/// A pointer with a size.
template <class T>
bool is_range(const T* data, std::size_t size) {
  return data != nullptr || size == 0;
}
inline std::string_view as_view(const char* text, std::size_t size) {
  return size == 0 ? std::string_view{} : std::string_view{text, size};
}

template <class Handle>
bool alive(const Handle* handle) {
  return handle != nullptr && handle->tag == Handle::kTag;
}

/// Runs a function of the interface. This library is compiled with exceptions, so that noexcept ends the process where
/// the allocator throws.
template <class Call>
auto guarded(Call call) noexcept {
  return call();
}

template <class Handle>
void free_handle(Handle* handle) {
  guarded([&] {
    if (!alive(handle)) return;
    handle->tag = Tag::freed;
    std::default_delete<Handle>()(handle);
  });
}

/// The size of a structure in the first version of the header that has it. A structure to which members were appended
/// has a specialisation with its size before.
template <class T>
inline constexpr std::size_t kFirstSize = sizeof(T);

/// Copies a structure of the caller, whose size must be one that this library knows. `to` has the defaults.
template <class T>
bool read(const T* from, T& to) {
  if (from == nullptr || from->struct_size < kFirstSize<T> || from->struct_size > sizeof(T)) return false;
  std::memcpy(&to, from, from->struct_size);
  return true;
}
/// The same for a structure that may be missing.
template <class T>
bool read_optional(const T* from, T& to) {
  return from == nullptr || read(from, to);
}

template <class T>
bool writable(const T* to) {
  return to != nullptr && to->struct_size >= kFirstSize<T>;
}
/// Writes as much as the caller's structure has room for.
template <class T>
void write(T value, T* to) {
  const std::size_t size = std::min(to->struct_size, sizeof(T));
  value.struct_size = to->struct_size;
  std::memcpy(to, &value, size);
}

/// A text in an array of a structure: cut where it is too long, and zero-terminated.
template <std::size_t Size>
void write_text(std::string_view text, char (&to)[Size]) {
  const std::size_t size = std::min(text.size(), Size - 1);
  std::copy_n(text.data(), size, to);
  to[size] = '\0';
}

/// The value of an enumeration that counts from 0 to `last`.
template <class Enum>
Result<Enum> as_enum(std::uint32_t value, Enum last, const char* name) {
  if (value > static_cast<std::uint32_t>(last)) return refuse(Errc::invalid_argument, name);
  return static_cast<Enum>(value);
}

/// Copies for the caller, who frees them with redan_free.
std::uint8_t* duplicate(Bytes bytes);
char* duplicate(std::string_view text);

/// Keeps the detail of an error for redan_endpoint_error_detail; returns its number.
inline int refused(redan_endpoint* endpoint, Error error) {
  endpoint->error_detail = std::move(error.detail);
  return error.code.number();
}

/// Calls `call(Endpoint&)`, which returns a Result, and passes its value to `deliver`.
template <class Call, class Deliver>
int on_endpoint(redan_endpoint* endpoint, Call call, Deliver deliver) {
  return guarded([&]() -> int {
    if (!alive(endpoint)) return kInvalid;
    auto result = call(endpoint->endpoint);
    if (!result) return refused(endpoint, std::move(result).error());
    deliver(*std::move(result));
    return kOk;
  });
}
template <class Call>
int on_endpoint(redan_endpoint* endpoint, Call call) {
  return guarded([&]() -> int {
    if (!alive(endpoint)) return kInvalid;
    const Result<void> result = call(endpoint->endpoint);
    return result ? kOk : refused(endpoint, result.error());
  });
}

/// In such a call: an argument that is not valid, by name.
inline auto bad(const char* name) { return refuse(Errc::invalid_argument, name); }

}  // namespace redan::capi
