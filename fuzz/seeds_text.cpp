// Formats of our own, and draws for the C API.
#include "orionrt/assignment.hpp"
#include "orionrt/formats.hpp"
#include "orionrt/planner.hpp"
#include "seeds.hpp"

namespace orionrt::fuzz {
namespace {

constexpr const char* kGraph = R"({"schema": "orionrt.graph/1",
 "tensors": [{"id": 0, "dtype": "float32", "shape": [1, 3, 8, 8], "roles": ["input"]},
             {"id": 1, "bytes": 4096, "name": "hidden", "alignment": 64},
             {"id": 7, "dtype": "int4", "shape": [], "roles": ["state", "output"]},
             {"id": 2147483647, "bytes": 0, "roles": ["output"]}],
 "ops": [{"inputs": [0, 0], "outputs": [1], "name": "conv1", "type": "Conv"},
         {"id": 9, "inputs": [1, 7], "outputs": [2147483647]}]})";

Problem Example() {
  Problem problem;
  problem.buffers = {{0, 4, 100, 64}, {2, 6, 50, 128, 128}, {-3, 6, 0, 64}, {1, 3, 7}};
  problem.ids = {"a", "b", "c", "d"};
  problem.names = {"conv1", "", "quote \" and \n", "\xE6\x97\xA5"};
  problem.parts = {{0, 0, 2, 0, 100}, {0, 3, 4, 50, 100}};
  return problem;
}

}  // namespace

void AddTextSeeds(Seeds& seeds) {
  seeds["csv/plain"] = "id,lower,upper,size\na,0,3,4096\nb,2,5,1024\n";
  seeds["csv/inclusive"] = "buffer_id,start,end,size,hint\r\na,0,9,100,7\r\n\r\nb,-5,2,3,\r\n";
  seeds["csv/all"] =
      "\xEF\xBB\xBFoffset,buffer,begin,upper,size,alignment,gaps,other\n"
      "0,a,0,10,100,16,3-4 6-7@10:20,x\n,b,-5,2,4611686018427387904,1,,\n4096,c,4,5,0,4096,,\n";
  const std::string trace = "seq,op,offset,requested,size,tag\n,arena,,4000,64,\n";
  seeds["buddy_trace/whole"] =
      trace + "0,allocate,0,100,128,7\n1,run,1024,700,768,-1\n2,allocate,,9000,,\n3,free,0,,,7\n";
  seeds["buddy_trace/late"] = trace + "900,free,64,,,\r\n901,allocate,64,1,64,\r\n";
  const Problem problem = Example();
  PlanFile file{problem, ReusePlanner("first_fit").Run(problem), "dir/model.onnx", 64, 12, {}};
  seeds["plan_json/planned"] = WritePlanJson(file);
  file.plan.certificate.bound_kind = BoundKind::kRefutation;
  file.plan.time_limited = true;
  seeds["plan_json/refuted"] = WritePlanJson(file);
  seeds["problem_json/problem"] = WriteProblemJson({problem, "dir/model.onnx", 64});
  seeds["graph_json/graph"] = kGraph;
  LowerOptions options;
  options.spaces = {Space(), Space()};
  options.spaces[0].name = "sram";
  options.spaces[0].capacity = 4096;
  options.spaces[1].name = "dram";
  const Workload workload = Lower(ReadGraphJson(kGraph, "graph.json"), {}, options);
  const PlannedWorkload planned = PlanWorkload(workload, ReusePlanner("first_fit"));
  seeds["binary/graph"] = WriteAssignmentBinary(Assign(workload, planned));
  std::string draws;
  for (int i = 0; i < 600; ++i) draws += static_cast<char>(i * i * 7 % 251);
  seeds["capi/draws"] = draws;
}

}  // namespace orionrt::fuzz
