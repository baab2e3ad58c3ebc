// A coroutine on a loop. It runs when it is awaited or spawned; every one of ours returns its failure as a Result and
// throws nothing but std::bad_alloc.
//
// g++ 12 destroys aggregates that are made within a co_await expression twice: name an argument first, and move it in.
#pragma once

#include <boost/asio/awaitable.hpp>

namespace redan::net {

template <class T>
using Task = boost::asio::awaitable<T>;

}  // namespace redan::net
