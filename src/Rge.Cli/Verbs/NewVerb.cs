using System.CommandLine;
using System.Text.Json.Nodes;
using Rge.Cli.Options;
using Rge.Cli.Output;
using Rge.Models;
using static TorchSharp.torch;

namespace Rge.Cli.Verbs;

/// <summary><c>rge new</c>: writes a checkpoint with random weights.</summary>
internal static class NewVerb
{
    private static readonly Dictionary<string, ModelFamily> Families = new(StringComparer.Ordinal)
    {
        ["qwen2_5_vl"] = ModelFamily.Qwen25Vl,
        ["qwen3_5"] = ModelFamily.Qwen35,
    };

    public static Command Create(Terminal terminal)
    {
        var folder = new Argument<DirectoryInfo>("DIR") { Description = "Folder to write; must not hold a checkpoint yet." };
        var shape = new Option<string>("--shape") { Description = "Size of the model.", DefaultValueFactory = _ => ModelShape.Tiny.Name };
        shape.AcceptOnlyFromAmong([.. ModelShape.All.Select(s => s.Name)]);
        var family = new Option<string>("--family") { Description = "Family of the model.", DefaultValueFactory = _ => "qwen2_5_vl" };
        family.AcceptOnlyFromAmong([.. Families.Keys]);
        var seed = new Option<int>("--seed") { Description = "Seed of the random weights: the same seed writes the same file." };
        var dtype = DTypes.Option("Number type of the weights.", "bfloat16");
        var json = CommonOptions.Json();
        var command = new Command("new", "Write a checkpoint with random weights, to try things out or to measure speed.")
        {
            folder,
            shape,
            family,
            seed,
            dtype,
            json,
        };
        command.SetAction(
            (parsed, cancellationToken) =>
            {
                var target = OutputFolder.Check(parsed.GetRequiredValue(folder).FullName);
                var chosen = ModelShape.All.Single(s => s.Name == parsed.GetRequiredValue(shape));
                RandomCheckpoint.Write(
                    target,
                    chosen with
                    {
                        Family = Families[parsed.GetRequiredValue(family)],
                    },
                    parsed.GetValue(seed),
                    DTypes.Parse(parsed.GetValue(dtype)) ?? ScalarType.BFloat16,
                    cancellationToken: cancellationToken
                );
                if (parsed.GetValue(json))
                    terminal.WriteJson(
                        new JsonObject
                        {
                            ["folder"] = target,
                            ["shape"] = chosen.Name,
                            ["family"] = parsed.GetRequiredValue(family),
                            ["seed"] = parsed.GetValue(seed),
                            ["dtype"] = parsed.GetValue(dtype),
                        }
                    );
                else
                    terminal.RawOutput.WriteLine($"Wrote a random {chosen.Name} checkpoint to {target}.");
                return Task.FromResult(ExitCodes.Success);
            }
        );
        return command;
    }
}
