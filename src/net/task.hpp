// A coroutine on a loop. It runs when it is awaited or spawned. Ours return failures as a Result and throw nothing
// except std::bad_alloc.
//
// g++ 12 destroys aggregates that are created within a co_await expression twice: give an argument a name first, and
// move it in.
#pragma once

#include <boost/asio/awaitable.hpp>

namespace redan::net {

template <class T>
using Task = boost::asio::awaitable<T>;

}  // namespace redan::net
