using System.Globalization;
using System.Text.Json.Nodes;
using Rge.Models;
using Rge.Training;

namespace Rge.Bench;

/// <summary>
/// A step of the joint objective here and in plain PyTorch, on the same weights and batch, in turn, each in a process of its own.
/// </summary>
/// <param name="peers">Root of the folder that holds the peers; they run under chroot.</param>
internal sealed class JointComparison(string peers)
{
    private const int Rank = 16,
        Steps = 3;

    private readonly string _folder = Path.Combine(peers, "peers");

    public void Run(int rounds)
    {
        var script = Path.Combine(AppContext.BaseDirectory, "joint_step.py");
        File.Copy(script, Path.Combine(_folder, "joint_step.py"), overwrite: true);
        var small = Path.Combine(_folder, "shapeworld");
        if (!File.Exists(Path.Combine(small, QwenVlConfig.FileName)))
            ShapeWorldCheckpoint.Write(small, seed: 1);
        JointBatch.OfShapeWorld(small).Write(Path.Combine(_folder, "shapeworld-batch.json"));
        JointBatch.WriteMeasures(Path.Combine(_folder, "700m"), Path.Combine(_folder, "700m-batch.json"));

        var table = new List<(string Name, string[] Ours, string[] Theirs)>
        {
            ("shapeworld, all weights", ["shapeworld", "shapeworld-batch.json"], ["shapeworld", "shapeworld-batch.json"]),
            ("700m, LoRA", ["700m", "700m-batch.json", "--lora", $"{Rank}"], ["700m", "700m-batch.json", "--lora", $"{Rank}"]),
            ("700m, LoRA, gradient caching by 1,000 tokens", ["700m", "700m-batch.json", "--lora", $"{Rank}", "--chunk", "1000"], []),
            (
                "700m, LoRA, activations computed again",
                ["700m", "700m-batch.json", "--lora", $"{Rank}", "--recompute"],
                ["700m", "700m-batch.json", "--lora", $"{Rank}", "--checkpointing"]
            ),
        };
        var values = table.ToDictionary(
            row => row.Name,
            _ => (Ours: new List<JsonNode>(), Theirs: new List<JsonNode>()),
            StringComparer.Ordinal
        );
        for (var round = 1; round <= rounds; round++)
        {
            foreach (var (name, ours, theirs) in table)
            {
                values[name].Ours.Add(Ours(ours));
                if (theirs.Length > 0)
                    values[name].Theirs.Add(Theirs(theirs));
            }
            Console.Error.WriteLine($"round {round} of {rounds} done");
        }
        Console.WriteLine("| step | rge, s | PyTorch, s | rge : PyTorch | rge, MB | PyTorch, MB |\n|---|---:|---:|---:|---:|---:|");
        foreach (var (name, _, _) in table)
        {
            var (ours, theirs) = values[name];
            double? Median(List<JsonNode> of, string what) =>
                of.Count == 0 ? null : of.Select(node => node[what]!.GetValue<double>()).Median();
            double? a = Median(ours, "seconds"),
                b = Median(theirs, "seconds");
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"| {name} | {a:0.00} | {b:0.00} | {a / b:0.00} | {Median(ours, "peak_memory_mb"):0} | "
                        + $"{Median(theirs, "peak_memory_mb"):0} |"
                )
            );
        }
        // Equal losses tell that both did the same work; pixels differ, so they are alike only where images count little.
        foreach (var (name, pair) in values)
            Console.WriteLine($"{name}: {string.Join(' ', pair.Ours.Concat(pair.Theirs).Select(node => node.ToJsonString()))}");
    }

    private JsonNode Ours(string[] arguments)
    {
        var output = JsonNode.Parse(
            PeerComparison.ExecuteSelf(
                [
                    "joint-step",
                    Path.Combine(_folder, arguments[0]),
                    Path.Combine(_folder, arguments[1]),
                    .. arguments[2..],
                    "--steps",
                    $"{Steps}",
                ],
                out var peak
            )
        )!;
        output["peak_memory_mb"] = peak;
        return output;
    }

    private JsonNode Theirs(string[] arguments) =>
        JsonNode.Parse(
            PeerComparison.Execute(
                "chroot",
                [
                    peers,
                    "python3",
                    "/peers/joint_step.py",
                    "/peers/" + arguments[0],
                    "/peers/" + arguments[1],
                    .. arguments[2..],
                    "--steps",
                    $"{Steps}",
                ],
                out _
            )
        )!;
}
