// Accepting connections without spinning. Included by .cpp files only.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

#include "net/task.hpp"

namespace redan::net {

/// After a failed accept, most likely for want of descriptors: long enough not to spin, short enough not to be noticed.
inline constexpr std::chrono::milliseconds kAcceptPause{100};

/// The next connection in `socket`, however many attempts fail before; false once the acceptor has been closed. Both
/// outlive it.
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
