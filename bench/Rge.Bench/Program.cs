using Rge.Bench;
using TorchSharp;

// One class a benchmark; each measures its candidates in turn, in one process, so that a busy machine is equally unkind to all.
var benchmarks = new Dictionary<string, (string Purpose, Action Run)>(StringComparer.Ordinal)
{
    ["linear"] = ("linear layers of a decoding step, by rows", LinearBenchmark.Run),
    ["attention"] = ("attention of a decoding step, by sequences", AttentionBenchmark.Run),
    ["small"] = ("norms, rotation, cache writes", SmallKernelBenchmark.Run),
    ["step"] = ("whole decoding steps of the 700m shape", StepBenchmark.Run),
};

if (args is not [var verb] || !benchmarks.TryGetValue(verb, out var chosen))
{
    Console.Error.WriteLine("usage: Rge.Bench VERB\n" + string.Join('\n', benchmarks.Select(b => $"  {b.Key,-10} {b.Value.Purpose}")));
    return 2;
}
using var gradients = torch.no_grad();
Console.WriteLine($"{torch.get_num_threads()} threads, float vectors of {System.Numerics.Vector<float>.Count}");
chosen.Run();
return 0;
