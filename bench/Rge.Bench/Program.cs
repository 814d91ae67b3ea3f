using Rge.Bench;
using Rge.Models.Tensors;
using TorchSharp;

// One class a benchmark; each measures its candidates in turn, so that a busy machine is equally unkind to all.
var benchmarks = new Dictionary<string, (string Arguments, string Purpose, Action<string[]> Run)>(StringComparer.Ordinal)
{
    ["peers"] = (
        "PEERS [ROUNDS]",
        "this project, transformers and llama.cpp in turn; PEERS is a folder that bench/README.md describes",
        args => new PeerComparison(args[0]).Run(args.Length > 1 ? int.Parse(args[1], null) : 3)
    ),
    ["embedding"] = ("CHECKPOINT", "prefill, decoding, queries and targets on a checkpoint folder, as one line of JSON", args =>
        EmbeddingBenchmark.Run(args[0])
    ),
    ["queries"] = ("CHECKPOINT [--device cuda] [--batches 1,8,32]", "whole queries by their number, on any device", args =>
        EmbeddingBenchmark.RunBatches(
            args[0],
            Text(args, "--device", "cpu"),
            [.. Text(args, "--batches", "1,8,32").Split(',').Select(number => int.Parse(number, null))]
        )
    ),
    ["processor"] = ("CHECKPOINT [QUERIES]", "processor time of prefill and queries; with OMP_NUM_THREADS=1 on a busy machine", args =>
        EmbeddingBenchmark.RunProcessorTime(args[0], args.Length > 1 ? int.Parse(args[1], null) : 32)
    ),
    ["load"] = ("CHECKPOINT [DTYPE]", "peak memory of loading", args => LoadBenchmark.Run(args[0], args.Length > 1 ? args[1] : null)),
    ["prefill"] = ("CHECKPOINT [PROMPTS …]", "vision tower and decoder apart, by prompts read in one pass", args =>
        PrefillBenchmark.Run(args[0], args.Length > 1 ? [.. args[1..].Select(int.Parse)] : [1, 4, 12])
    ),
    ["prefix"] = ("CHECKPOINT [ROUNDS]", "another text for a picture that was asked about before, with and without what is kept", args =>
        PrefixBenchmark.Run(args[0], args.Length > 1 ? int.Parse(args[1], null) : 5)
    ),
    ["recall"] = (
        "POSTGRESQL [VECTORS [DIMENSIONS]]",
        "HNSW in PostgreSQL against exact search in SQLite: recall@10, latency, memory; POSTGRESQL is a connection string",
        args =>
            RecallBenchmark
                .RunAsync(args[0], args.Length > 1 ? int.Parse(args[1], null) : 100_000, args.Length > 2 ? int.Parse(args[2], null) : 128)
                .GetAwaiter()
                .GetResult()
    ),
    ["step"] = ("", "whole decoding steps of the 700m shape, kernels against torch", _ => StepBenchmark.Run()),
    ["train-step"] = ("[ROUNDS [THREADS]]", "a forward and backward pass of the small shape, kernels against torch", args =>
        TrainStepBenchmark.Run(args.Length > 0 ? int.Parse(args[0], null) : 9, args.Length > 1 ? int.Parse(args[1], null) : null)
    ),
    ["joint"] = ("PEERS [ROUNDS]", "a step of the joint objective here and in plain PyTorch, in turn", args =>
        new JointComparison(args[0]).Run(args.Length > 1 ? int.Parse(args[1], null) : 3)
    ),
    ["joint-batch"] = ("CHECKPOINT BATCH.json", "writes a batch in the measures of the other benchmarks for joint-step", args =>
        JointBatch.WriteMeasures(args[0], args[1])
    ),
    ["joint-step"] = (
        "CHECKPOINT BATCH.json [--lora R] [--chunk TOKENS] [--recompute] [--steps N] [--device cuda]",
        "this project's part of it",
        args =>
            JointStepBenchmark.Run(
                args[0],
                args[1],
                Number(args, "--lora", 0),
                Number(args, "--chunk", 0),
                args.Contains("--recompute", StringComparer.Ordinal),
                Number(args, "--steps", 3),
                Text(args, "--device", "cpu")
            )
    ),
    ["server"] = ("URL [SECONDS]", "a running rge serve: 64 clients against one, every answer compared, memory", args =>
        ServerBenchmark.RunAsync(new Uri(args[0]), args.Length > 1 ? int.Parse(args[1], null) : 60).GetAwaiter().GetResult()
    ),
    ["linear"] = ("", "linear layers of a decoding step, by rows", _ => LinearBenchmark.Run()),
    ["attention"] = ("", "attention of a decoding step, by sequences", _ => AttentionBenchmark.Run()),
    ["delta-net"] = ("[ROUNDS]", "a gated delta net beside its projections, prompts and steps", args =>
        DeltaNetBenchmark.Run(args.Length > 0 ? int.Parse(args[0], null) : 9)
    ),
    ["small"] = ("", "norms, rotation, cache writes", _ => SmallKernelBenchmark.Run()),
};

if (
    args is not [var verb, .. var rest]
    || !benchmarks.TryGetValue(verb, out var chosen)
    || (chosen.Arguments.Length > 0 && chosen.Arguments[0] != '[' && rest.Length == 0)
)
{
    Console.Error.WriteLine(
        "usage: Rge.Bench VERB\n" + string.Join('\n', benchmarks.Select(b => $"  {b.Key + " " + b.Value.Arguments, -24} {b.Value.Purpose}"))
    );
    return 2;
}

// Before TorchSharp loads a libtorch of its own choice.
TorchLibrary.Require();
using var gradients = torch.no_grad();
try
{
    chosen.Run(rest);
    return 0;
}
catch (Exception e)
{
    // The message last, where scripts look for it.
    Console.Error.WriteLine($"{e}\n{e.Message}");
    return 1;
}

static int Number(string[] args, string option, int fallback) => int.Parse(Text(args, option, $"{fallback}"), null);

static string Text(string[] args, string option, string fallback) =>
    Array.IndexOf(args, option) is >= 0 and var at ? args[at + 1] : fallback;
