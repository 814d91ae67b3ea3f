using Rge.Models;

namespace Rge;

/// <summary>How a rationale is written, token by token.</summary>
public sealed record GenerationOptions
{
    /// <summary>Name of the file in a checkpoint folder that <see cref="Load"/> reads.</summary>
    public const string FileName = "generation_config.json";

    /// <summary>Temperatures below this are greedy in effect, and are run so: released checkpoints say 1e-6 and mean greedy.</summary>
    private const double GreedyTemperature = 1e-4;

    /// <summary>Tokens a rationale may have, its <c>&lt;emb&gt;</c> included; at least 1.</summary>
    public int MaxRationaleTokens { get; init; } = 128;

    /// <summary>Divides the logits before sampling; 0 takes the likeliest token, ties to the lowest id.</summary>
    public double Temperature { get; init; }

    /// <summary>Samples among the likeliest tokens that together have at least this probability, 0 to 1; 1 keeps all.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Samples among this many likeliest tokens; 0 keeps all.</summary>
    public int TopK { get; init; }

    /// <summary>
    /// Weakens tokens that the prompt or the rationale has already: a positive logit is divided by it, a negative one multiplied
    /// (Keskar et al. 2019, as in transformers). 1 changes nothing.
    /// </summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>
    /// Seed of sampling. Each item draws from a generator of its own, made from this and its prompt, so that what it gets does not depend
    /// on the batch it was in.
    /// </summary>
    public long Seed { get; init; }

    /// <summary>What is pooled when the budget runs out before <c>&lt;emb&gt;</c>.</summary>
    public BudgetAction WhenBudgetRunsOut { get; init; } = BudgetAction.AppendEmb;

    /// <summary>Tokens that are never written. Empty, as in the reference, which stops at <c>&lt;emb&gt;</c> alone and takes every other token as text.</summary>
    public IReadOnlyCollection<int> BannedTokens { get; init; } = [];

    /// <summary>True where the likeliest token is always taken.</summary>
    public bool IsGreedy => Temperature < GreedyTemperature || TopK == 1;

    /// <summary>Reads <c>generation_config.json</c> of a checkpoint folder, or of its adapter's where that has one; defaults where there is none.</summary>
    /// <param name="folder">The checkpoint's folder.</param>
    /// <param name="adapter">Folder of the adapter that is applied to it; <see langword="null"/> for none.</param>
    /// <remarks>As in transformers, <c>temperature</c>, <c>top_p</c> and <c>top_k</c> (50 when absent) count only where <c>do_sample</c> is true.</remarks>
    /// <exception cref="CheckpointException">The file is not JSON or a field has a value out of range.</exception>
    public static GenerationOptions Load(string folder, string? adapter = null)
    {
        ArgumentNullException.ThrowIfNull(folder);
        var path = Path.Combine(folder, FileName);
        if (adapter is not null && Path.Combine(adapter, FileName) is var own && File.Exists(own)) path = own;
        if (!File.Exists(path)) return new GenerationOptions();
        var file = new ConfigReader(ConfigReader.ReadFile(path), path, "");
        var samples = file.Bool("do_sample", false);
        var options = new GenerationOptions
        {
            RepetitionPenalty = file.Double("repetition_penalty", 0.01, 100, fallback: 1),
            Temperature = file.Double("temperature", 0, 1000, fallback: 1),
            TopP = file.Double("top_p", 0, 1, fallback: 1),
            TopK = file.Int("top_k", 0, int.MaxValue, fallback: 50),
        };
        return samples ? options : options with { Temperature = 0, TopP = 1, TopK = 0 };
    }

    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    internal void Validate()
    {
        Require(MaxRationaleTokens >= 1, nameof(MaxRationaleTokens), MaxRationaleTokens, "at least 1");
        Require(Temperature is >= 0 and <= 1000, nameof(Temperature), Temperature, "0 to 1000");
        Require(TopP is >= 0 and <= 1, nameof(TopP), TopP, "0 to 1");
        Require(TopK >= 0, nameof(TopK), TopK, "0 or more");
        Require(RepetitionPenalty is >= 0.01 and <= 100, nameof(RepetitionPenalty), RepetitionPenalty, "0.01 to 100");
        Require(Enum.IsDefined(WhenBudgetRunsOut), nameof(WhenBudgetRunsOut), WhenBudgetRunsOut, "a named value");

        static void Require(bool holds, string name, object value, string expected)
        {
            if (!holds) throw new ArgumentOutOfRangeException(name, value, $"Expected {expected}.");
        }
    }
}
