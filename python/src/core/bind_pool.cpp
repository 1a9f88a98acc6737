// TensorPool: the bytes of a plan, as arrays.
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <atomic>
#include <mutex>
#include <unordered_map>

#include "base/text.hpp"
#include "core/core.hpp"
#include "core/dtypes.hpp"
#include "core/numbers.hpp"
#include "graph/labels.hpp"
#include "orionrt/tensor_pool.hpp"

namespace orionrt::python {
namespace {

using Buffer1 = nb::ndarray<nb::device::cpu, nb::c_contig>;

// By id of a tensor the buffer that the caller holds it in.
using Bound = std::unordered_map<int, Buffer1>;

// The arenas, and who looks at them. Outlives the pool as long as a view or a capsule does.
struct Memory {
  std::vector<Arena> arenas;  // of its own
  std::vector<Buffer1> lent;  // the caller's
  std::shared_ptr<const Bound> bound = std::make_shared<const Bound>();
  std::atomic<int> views{0};
};

// What an array keeps alive: the buffers that were bound when it was made, too.
struct Kept {
  std::shared_ptr<Memory> memory;
  std::shared_ptr<const Bound> bound;
};

// What the guard found, told on the next call of the pool. The guard may call on any thread.
struct Findings {
  std::mutex mutex;
  std::vector<GuardReport> reports;
};

// Whether Python says that it must not be written. Memory that comes by DLPack alone does not say.
bool IsReadOnly(nb::handle buffer) {
  const nb::object view = nb::steal(PyMemoryView_FromObject(buffer.ptr()));
  if (view.is_valid()) return nb::cast<bool>(view.attr("readonly"));
  PyErr_Clear();
  return false;
}

class PoolObject {
 public:
  PoolObject(const GraphObject& graph, AssignmentObject planned, nb::handle memory, bool guard)
      : memory_(std::make_shared<Memory>()), findings_(std::make_shared<Findings>()), planned_(std::move(planned)) {
    const Assignment& assignment = *planned_;
    PoolOptions options;
    options.alignment = static_cast<std::size_t>(std::max<std::int64_t>(1, assignment.made_with.alignment));
    if (guard) {
      options.guard.emplace();
      options.guard->report = [findings = findings_](const GuardReport& report) {
        const std::lock_guard<std::mutex> lock(findings->mutex);
        findings->reports.push_back(report);
      };
    }
    Graph frozen = FrozenGraph(graph);
    std::vector<SpaceMemory> memories = TakeMemory(frozen, assignment, memory, options);
    if (memories.size() == 1) {  // whatever its name: a guard watches one memory
      pool_.emplace(std::move(memories[0].arena), options);
    } else {
      pool_.emplace(std::move(memories), options);
    }
    pool_->RegisterModel(std::move(frozen), graph.bodies);
    pool_->LoadPlan(assignment);
    NoteNames();
  }

  // Everything of the tensor, by its id or its name.
  nb::object Array(nb::handle key, bool as_bytes, bool for_dlpack) {
    const TensorDesc& tensor = Find(key);
    const TensorHandle handle = pool_->Allocate(tensor.id);
    RaiseFindings();
    if (handle.ptr == nullptr && tensor.bytes > 0)
      Refuse(ErrorCode::kMisuse, TensorLabel(tensor) + " is held elsewhere; bind_external() says where");
    const bool shaped = !as_bytes && !tensor.dtype.empty();
    const auto type = shaped ? ArrayTypeOf(tensor.dtype) : nb::dtype<std::uint8_t>();
    if (!type) {
      Refuse(ErrorCode::kUnsupported,
             TensorLabel(tensor) + ": arrays have no " + Printable(tensor.dtype) + "; take its bytes()");
    }
    std::vector<std::size_t> shape = {handle.bytes};
    if (shaped) shape.assign(tensor.shape.begin(), tensor.shape.end());
    if (shaped && BytesOf(tensor.dtype, tensor.shape, TensorLabel(tensor)) != static_cast<std::int64_t>(handle.bytes)) {
      Refuse(ErrorCode::kUnsupported,
             TensorLabel(tensor) + ": its shape and dtype make other bytes than it has; take its bytes()");
    }
    return View(handle.ptr, shape, *type, for_dlpack);
  }

  // Where the caller holds a tensor; the buffer is kept. None takes it back.
  void BindExternal(nb::handle key, nb::handle buffer) {
    const TensorDesc& tensor = Find(key);
    auto bound = std::make_shared<Bound>(*memory_->bound);
    bound->erase(tensor.id);
    void* at = nullptr;
    if (!buffer.is_none()) {
      const auto found = bound->emplace(tensor.id, TakeBuffer(buffer, TensorLabel(tensor), tensor.bytes)).first;
      at = found->second.data();
    }
    pool_->BindExternal(tensor.id, at);
    memory_->bound = std::move(bound);
  }

  nb::object Workspace(int op_id) {
    CheckOpen();
    const TensorHandle handle = pool_->Workspace(op_id);
    if (handle.ptr == nullptr) Refuse(ErrorCode::kMisuse, "op " + std::to_string(op_id) + " has no workspace");
    return View(handle.ptr, {handle.bytes}, nb::dtype<std::uint8_t>(), false);
  }

  void Close() {
    if (memory_ == nullptr) return;
    const int views = memory_->views.load();
    if (views > 0) {
      const std::string what = std::to_string(views) + (views == 1 ? " array looks" : " arrays look");
      throw nb::buffer_error(("the arena cannot go: " + what + " at it; delete them first").c_str());
    }
    pool_.reset();
    memory_.reset();
  }

  template <typename Call>
  void Tell(const Call& call) {
    CheckOpen();
    call(*pool_);
    RaiseFindings();
  }

  const TensorPool& pool() const {
    CheckOpen();
    return *pool_;
  }
  bool closed() const { return memory_ == nullptr; }
  AssignmentObject assignment() const { return planned_; }

 private:
  void CheckOpen() const {
    if (memory_ == nullptr) Refuse(ErrorCode::kMisuse, "the pool is closed");
  }

  // One memory a space: the caller's, in the order of the spaces, or arenas exactly as large as the plan needs.
  std::vector<SpaceMemory> TakeMemory(const Graph& graph, const Assignment& assignment, nb::handle given,
                                      const PoolOptions& options) {
    const std::size_t spaces = assignment.spaces.size();
    std::vector<nb::object> buffers;
    const bool several = nb::isinstance<nb::list>(given) || nb::isinstance<nb::tuple>(given);
    if (several) {
      for (nb::handle buffer : nb::iter(given)) buffers.push_back(nb::borrow(buffer));
    } else if (!given.is_none()) {
      buffers.push_back(nb::borrow(given));
    }
    if (!buffers.empty() && buffers.size() != spaces) {
      Refuse(ErrorCode::kBadInput, "memory has " + std::to_string(buffers.size()) + " buffers, and the plan " +
                                       std::to_string(spaces) + " spaces; give one each");
    }
    std::vector<SpaceMemory> memories;
    for (std::size_t s = 0; s < spaces; ++s) {
      const AssignedSpace& space = assignment.spaces[s];
      Space pool;
      pool.name = space.name;
      const std::size_t bytes =
          spaces == 1 ? GuardedBytes(graph, assignment, options) : RequiredBytes(assignment, static_cast<int>(s));
      Arena arena =
          buffers.empty() ? Own(bytes, static_cast<std::size_t>(space.base_alignment)) : Lend(buffers[s], bytes, s);
      memories.push_back({pool, std::move(arena)});
    }
    return memories;
  }

  Arena Own(std::size_t bytes, std::size_t alignment) {
    memory_->arenas.push_back(Arena::Host(bytes, std::max(alignment, kArenaAlignment)));
    return Arena::Borrow(memory_->arenas.back().base(), bytes);
  }

  static Buffer1 TakeBuffer(nb::handle buffer, const std::string& place, std::size_t needs) {
    Buffer1 lent;
    if (IsReadOnly(buffer) || !nb::try_cast(buffer, lent, false)) {
      Refuse(ErrorCode::kBadInput,
             place + ": a writable, contiguous buffer of the host is wanted (bytearray, numpy array), not " +
                 nb::cast<std::string>(nb::repr(buffer)).substr(0, 80));
    }
    if (lent.nbytes() < needs) {
      Refuse(ErrorCode::kInfeasible, place + " has " + FormatThousands(static_cast<std::int64_t>(lent.nbytes())) +
                                         " bytes, and the plan needs " +
                                         FormatThousands(static_cast<std::int64_t>(needs)));
    }
    return lent;
  }

  Arena Lend(nb::handle buffer, std::size_t bytes, std::size_t space) {
    memory_->lent.push_back(TakeBuffer(buffer, "memory[" + std::to_string(space) + "]", bytes));
    return Arena::Borrow(memory_->lent.back().data(), memory_->lent.back().nbytes());
  }

  void NoteNames() {
    for (const TensorDesc& tensor : pool_->graph().tensors()) {
      if (tensor.name.empty()) continue;
      const auto [at, fresh] = by_name_.emplace(tensor.name, tensor.id);
      if (!fresh) at->second = kNoTensor;  // stands twice
    }
  }

  const TensorDesc& Find(nb::handle key) const {
    CheckOpen();
    const Graph& graph = pool_->graph();
    int id = kNoTensor;
    if (nb::isinstance<nb::str>(key)) {
      const auto found = by_name_.find(nb::cast<std::string>(key));
      if (found == by_name_.end()) throw nb::key_error(nb::cast<std::string>(nb::repr(key)).c_str());
      if (found->second == kNoTensor)
        Refuse(ErrorCode::kMisuse,
               "several tensors are called " + nb::cast<std::string>(nb::repr(key)) + "; use an id");
      id = found->second;
    } else {
      const std::int64_t number = ReadInt(key, "tensor");
      id = number >= 0 && number <= INT32_MAX ? static_cast<int>(number) : kNoTensor;
    }
    const int index = id == kNoTensor ? -1 : graph.IndexOf(id);
    if (index < 0) throw nb::key_error(nb::cast<std::string>(nb::repr(key)).c_str());
    return graph.tensors()[static_cast<std::size_t>(index)];
  }

  // An array whose owner keeps the arena; the count falls when the last that was made of it is gone.
  nb::object View(void* data, const std::vector<std::size_t>& shape, nb::dlpack::dtype type, bool for_dlpack) {
    auto* const held = new Kept{memory_, memory_->bound};
    const nb::capsule owner(held, [](void* p) noexcept {
      auto* const kept = static_cast<Kept*>(p);
      --kept->memory->views;
      delete kept;
    });
    ++memory_->views;
    if (for_dlpack) return nb::cast(nb::ndarray<nb::array_api>(data, shape.size(), shape.data(), owner, nullptr, type));
    return nb::cast(nb::ndarray<nb::numpy>(data, shape.size(), shape.data(), owner, nullptr, type));
  }

  void RaiseFindings() {
    const std::lock_guard<std::mutex> lock(findings_->mutex);
    if (findings_->reports.empty()) return;
    const std::string message = findings_->reports.front().message;
    findings_->reports.clear();
    Refuse(ErrorCode::kMisuse, message);
  }

  std::shared_ptr<Memory> memory_;
  std::shared_ptr<Findings> findings_;
  AssignmentObject planned_;
  std::optional<TensorPool> pool_;
  std::unordered_map<std::string, int> by_name_;
};

void Make(PoolObject* self, const GraphObject& graph, nb::object plan, nb::object memory, bool guard) {
  AssignmentObject planned;
  if (plan.is_none()) {
    const nb::object made = nb::cast(graph, nb::rv_policy::reference).attr("plan")();
    planned = AssignmentOf(nb::cast<const PlanObject&>(made).file, "the plan");
  } else if (nb::isinstance<PlanObject>(plan)) {
    planned = AssignmentOf(nb::cast<const PlanObject&>(plan).file, "the plan");
  } else if (nb::isinstance<AssignmentObject>(plan)) {
    planned = nb::cast<const AssignmentObject&>(plan);
  } else {
    Refuse(ErrorCode::kBadInput,
           "plan: a Plan or an Assignment is wanted, not " + nb::cast<std::string>(nb::repr(plan)).substr(0, 80));
  }
  new (self) PoolObject(graph, std::move(planned), memory, guard);
}

nb::object RefuseCopy(const PoolObject&, nb::args) {
  PyErr_SetString(PyExc_TypeError,
                  "a TensorPool is memory: it cannot be copied or pickled; copy its plan or assignment");
  throw nb::python_error();
}

}  // namespace

void BindPool(nb::module_& module) {
  nb::class_<PoolObject>(
      module, "TensorPool",
      "The bytes of a plan: ``pool[\"name\"]`` or ``pool[id]`` is an array over a tensor's bytes; nothing is "
      "copied.\n\n"
      "A tensor's bytes are its own from the op that writes it to its last reader, in the order of\n"
      "``pool.assignment.order``; before and after, the plan gives them to others, and the array shows whatever they\n"
      "hold. ``guard=True`` finds out: tell it by begin_op() and end_op() which op runs, and what is wrong is "
      "raised.\n\n"
      "Arrays and capsules keep the arena alive. For one thread at a time.")
      .def("__init__", Make, nb::arg("graph"), nb::arg("plan").none() = nb::none(), nb::kw_only(),
           nb::arg("memory").none() = nb::none(), nb::arg("guard") = false,
           nb::sig("def __init__(self, graph: Graph, plan: Plan | Assignment | None = None, *, "
                   "memory: object = None, guard: bool = False) -> None"),
           "plan: of this graph; None: planned as graph.plan() does. memory: a writable buffer (bytearray, numpy "
           "array),\n"
           "or a list of them, one a space; None: arenas of its own, exactly as large as the plan needs.\n\n"
           "Raises Error: \"bad_input\" for a plan of another graph, \"infeasible\" for memory that is too small, "
           "\"misuse\"\n"
           "for one that is less aligned than the plan needs, \"out_of_memory\".")
      .def(
          "__getitem__", [](PoolObject& self, nb::object key) { return self.Array(key, false, false); },
          nb::arg("tensor").none(), nb::sig("def __getitem__(self, tensor: int | str) -> orionrt._types.AnyArray"),
          "The tensor in its shape and dtype, as a numpy array; as bytes where the graph knows neither. Raises "
          "KeyError\n"
          "for a tensor that there is not, Error (\"unsupported\") for types that numpy does not have (bfloat16, less "
          "than\n"
          "a byte): take their bytes().")
      .def(
          "bytes", [](PoolObject& self, nb::object key) { return self.Array(key, true, false); }, nb::arg("tensor"),
          nb::sig("def bytes(self, tensor: int | str) -> orionrt._types.AnyArray"),
          "Its bytes, as uint8 of one dimension.")
      .def(
          "dlpack", [](PoolObject& self, nb::object key) { return self.Array(key, false, true); }, nb::arg("tensor"),
          nb::sig("def dlpack(self, tensor: int | str) -> object"),
          "The same as __getitem__ for whoever reads DLPack: an object with __dlpack__, without numpy.")
      .def(
          "workspace", [](PoolObject& self, int op) { return self.Workspace(op); }, nb::arg("op"),
          nb::sig("def workspace(self, op: int) -> orionrt._types.AnyArray"),
          "The scratch of an op while it runs, as uint8.")
      .def("bind_external", &PoolObject::BindExternal, nb::arg("tensor"), nb::arg("buffer").none(),
           nb::sig("def bind_external(self, tensor: int | str, buffer: object) -> None"),
           "Where the caller holds a tensor with the role \"external\", by id or name: a writable buffer with room for "
           "it, which\n"
           "the pool keeps; views of the tensor lie in it. None takes it back. Not while the graph runs. Raises Error\n"
           "(\"misuse\") for a tensor that an arena has, or that is a view, \"infeasible\" for a buffer that is too "
           "small.")
      .def(
          "begin_op", [](PoolObject& self, int op) { self.Tell([&](TensorPool& pool) { pool.BeginOp(op); }); },
          nb::arg("op"),
          "Tells the guard which op starts. Raises Error (\"misuse\") naming op, tensor and bytes of what went wrong "
          "before.")
      .def(
          "end_op",
          [](PoolObject& self, std::optional<int> op) {
            self.Tell([&](TensorPool& pool) { op ? pool.EndOp(*op) : pool.EndOp(); });
          },
          nb::arg("op").none() = nb::none(),
          "Tells the guard that the op has ended; on several streams, which. Raises as begin_op.")
      .def(
          "end_run", [](PoolObject& self) { self.Tell([](TensorPool& pool) { pool.EndRun(); }); },
          "Before the inputs of the next run are written. Raises as begin_op.")
      .def(
          "record", [](PoolObject& self, int op) { self.Tell([&](TensorPool& pool) { pool.Record(op); }); },
          nb::arg("op"), "On several streams: an event is recorded behind the op.")
      .def(
          "wait",
          [](PoolObject& self, int stream, int op) { self.Tell([&](TensorPool& pool) { pool.Wait(stream, op); }); },
          nb::arg("stream"), nb::arg("op"),
          "On several streams: what begins on the stream from now on comes behind that event.")
      .def_prop_ro("assignment", &PoolObject::assignment, "Where everything lies, and in which order ops run.")
      .def_prop_ro(
          "peak_bytes", [](const PoolObject& self) { return self.pool().peak_bytes(); }, "With the guard's share.")
      .def_prop_ro(
          "capacity", [](const PoolObject& self) { return self.pool().capacity(); }, "Bytes of all arenas.")
      .def_prop_ro("closed", &PoolObject::closed)
      .def("close", &PoolObject::Close,
           "Gives the arena back. Raises BufferError while an array or a capsule looks at it.")
      .def(
          "__enter__", [](nb::handle self) { return nb::borrow(self); }, nb::sig("def __enter__(self) -> TensorPool"))
      .def(
          "__exit__", [](PoolObject& self, nb::args) { self.Close(); },
          nb::sig("def __exit__(self, *args: object) -> None"))
      .def("__reduce_ex__", RefuseCopy,
           nb::sig("def __reduce_ex__(self, protocol: typing.SupportsIndex) -> typing.NoReturn"))
      .def("__copy__", RefuseCopy, nb::sig("def __copy__(self) -> typing.NoReturn"))
      .def("__deepcopy__", RefuseCopy, nb::sig("def __deepcopy__(self, memo: dict[int, object]) -> typing.NoReturn"));
}

}  // namespace orionrt::python
