// Accepts connections without a busy loop on errors. Included by .cpp files only.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

#include "net/task.hpp"

namespace redan::net {

/// The pause after a failed accept, which usually means a lack of descriptors: long enough to avoid a busy loop, short
/// enough not to be noticed.
inline constexpr std::chrono::milliseconds kAcceptPause{100};

/// Accepts the next connection into `socket`, retrying after failures; returns false once the acceptor is closed. Both
/// must outlive the task.
template <class Acceptor, class Socket>
Task<bool> accept_next(Acceptor& acceptor, Socket& socket) {
  constexpr auto kNoThrow = boost::asio::as_tuple(boost::asio::use_awaitable);
  while (acceptor.is_open()) {
    const auto [error] = co_await acceptor.async_accept(socket, kNoThrow);
    if (!error) co_return true;
    boost::asio::steady_timer pause(acceptor.get_executor(), kAcceptPause);
    co_await pause.async_wait(kNoThrow);
  }
  co_return false;
}

}  // namespace redan::net
