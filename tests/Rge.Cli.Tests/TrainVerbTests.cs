using System.Text.Json.Nodes;
using static Rge.Cli.Tests.CommandLine;

namespace Rge.Cli.Tests;

public sealed class TrainVerbTests : IDisposable
{
    private const int Steps = 60;

    private readonly string _folder = Directory.CreateTempSubdirectory("rge-train-").FullName;

    [Fact]
    public async Task A_run_killed_at_random_moments_goes_on_as_if_nothing_had_happened()
    {
        var config = Path.Combine(_folder, "small.yaml");
        await File.WriteAllTextAsync(config, $$"""
            name: small
            threads: 1
            model: {shape: shapeworld}
            data: {queries: 4}
            objective: {rationale: self, max_rationale_tokens: 4, temperature: 0.05}
            phases: [{name: joint, steps: {{Steps}}, learning_rate: 1e-3}]
            evaluation: {every: 0}
            checkpoints: {every: 4, keep: 2}
            """, TestContext.Current.CancellationToken);
        await OutputAsync("train", config, "--out", Run("whole"));

        var (random, kills) = (new Random(2), 0);
        while (kills < 6)
        {
            using var process = Start(["train", config, "--out", Run("killed"), .. Directory.Exists(Run("killed")) ? (string[])["--resume"] : []]);
            if (process.WaitForExit(TimeSpan.FromMilliseconds(random.Next(1000, 4000))))
            {
                // It got to its end before its time: begin again from nothing, so that there is something to kill.
                Assert.Equal(0, process.ExitCode);
                Directory.Delete(Run("killed"), recursive: true);
                continue;
            }
            process.Kill();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            kills++;
        }
        await OutputAsync(["train", config, "--out", Run("killed"), .. Directory.Exists(Run("killed")) ? (string[])["--resume"] : []]);

        var (whole, killed) = (Losses("whole"), Losses("killed"));
        Assert.Equal(Enumerable.Range(1, Steps), killed.Select(entry => entry.Step));
        Assert.All(whole.Zip(killed), pair => Assert.Equal(pair.First.Loss, pair.Second.Loss, 1e-5 * Math.Abs(pair.First.Loss)));
        Assert.True(File.Exists(Path.Combine(Run("killed"), "model", "model.safetensors")));
    }

    [Fact]
    public async Task A_setting_that_is_not_known_is_named()
    {
        var config = Path.Combine(_folder, "wrong.yaml");
        await File.WriteAllTextAsync(config, "model: {shape: shapeworld}\nphase: []", TestContext.Current.CancellationToken);
        Assert.Contains("wrong.yaml, line 2: the setting 'phase' is not known.", await ErrorAsync(RgeCommand.Failure, "train", config, "--out", Run("wrong")), StringComparison.Ordinal);
        Assert.False(Directory.Exists(Run("wrong")));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Run(string name) => Path.Combine(_folder, name);

    private (int Step, double Loss)[] Losses(string run) =>
        [.. File.ReadLines(Path.Combine(Run(run), "log.jsonl")).Select(line => JsonNode.Parse(line)!).Select(entry => ((int)entry["step"]!, (double)entry["loss"]!))];
}
