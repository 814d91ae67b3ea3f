namespace Rge.Training.Settings;

/// <summary>The joint objective: next-token loss on the oracle rationale, and InfoNCE between query and target embeddings.</summary>
public sealed record ObjectiveSettings
{
    /// <summary>Weight of the next-token loss; 0 switches it off.</summary>
    public double LmWeight { get; init; } = 1;

    /// <summary>Weight of InfoNCE; 0 switches it off.</summary>
    public double EmbeddingWeight { get; init; } = 1;

    /// <summary>Which rationale the query embedding is taken after.</summary>
    public RationaleSource Rationale { get; init; } = RationaleSource.Self;

    /// <summary>Further query embeddings, after other rationales, that InfoNCE trains against the same targets.</summary>
    public AlsoSettings Also { get; init; } = new();

    /// <summary>Trains the choice between the direct embedding and a rationale.</summary>
    public GateSettings Gate { get; init; } = new();

    /// <summary>How the rationales of <see cref="RationaleSource.Sampled"/> are sampled.</summary>
    public SamplingSettings Sampling { get; init; } = new();

    /// <summary>Which hidden state is the embedding.</summary>
    public EmbeddedState Pooling { get; init; }

    /// <summary>The embeddings that a query has: after the main kind of rationale first, with the weights of their losses.</summary>
    internal IReadOnlyList<QueryView> Views =>
        [
            .. Enum.GetValues<RationaleSource>()
                .Select(source => (Source: source, Weight: source == Rationale ? 1 : Also.Of(source)))
                .Where(kind => kind.Weight > 0)
                .OrderByDescending(kind => kind.Source == Rationale)
                .SelectMany(kind => ViewsOf(kind.Source, kind.Weight)),
        ];

    private IEnumerable<QueryView> ViewsOf(RationaleSource source, double weight)
    {
        var count = source == RationaleSource.Sampled ? Sampling.Rationales : 1;
        return Enumerable.Range(0, count).Select(number => new QueryView(source, number, weight / count));
    }

    /// <summary>
    /// Sizes that embeddings may be cut to: InfoNCE is the mean over the whole size and these (Matryoshka representation learning, Kusupati
    /// et al., 2022). Each at least 1 and smaller than the model's hidden size.
    /// </summary>
    public int[] Dimensions { get; init; } = [];

    /// <summary>Cosines are divided by this before the softmax; above 0.</summary>
    public double Temperature { get; init; } = 0.02;

    /// <summary>Whether the temperature is trained, starting at <see cref="Temperature"/>.</summary>
    public bool LearnTemperature { get; init; }

    /// <summary>The direction of InfoNCE.</summary>
    public ContrastDirection Direction { get; init; } = ContrastDirection.QueryToTarget;

    /// <summary>Longest self rationale, in tokens; at least 1. The public argument default of the method is 256.</summary>
    public int MaxRationaleTokens { get; init; } = 256;

    /// <summary>Whether special tokens other than <c>&lt;emb&gt;</c> are kept out of self rationales.</summary>
    public bool BanSpecialTokens { get; init; } = true;

    /// <summary>
    /// Maximum number of tokens in one forward and backward pass; a step with more is processed in chunks whose representation gradients
    /// are cached, so that memory does not bound the batch. 0 takes everything at once.
    /// </summary>
    public int ChunkTokens { get; init; }

    /// <summary>The task <c>reinforce</c>; without effect in phases of other tasks.</summary>
    public ReinforceSettings Reinforce { get; init; } = new();

    internal void Validate()
    {
        SettingCheck.That(LmWeight >= 0, "objective.lm_weight", LmWeight, "0 or more");
        SettingCheck.That(EmbeddingWeight >= 0, "objective.embedding_weight", EmbeddingWeight, "0 or more");
        foreach (var source in Enum.GetValues<RationaleSource>())
        {
            var (name, weight) = ($"objective.also.{source.ToString().ToLowerInvariant()}", Also.Of(source));
            SettingCheck.That(weight is >= 0 and <= 100, name, weight, "0 to 100");
            SettingCheck.That(weight == 0 || source != Rationale, name, weight, "0, because objective.rationale is that one");
        }
        Sampling.Validate();
        foreach (var size in Dimensions)
            SettingCheck.That(
                size >= 1 && Dimensions.Count(other => other == size) == 1,
                "objective.dimensions",
                size,
                "different sizes of at least 1"
            );
        SettingCheck.That(Gate.Weight is >= 0 and <= 100, "objective.gate.weight", Gate.Weight, "0 to 100");
        SettingCheck.That(Gate.Margin is >= -100 and <= 100, "objective.gate.margin", Gate.Margin, "-100 to 100");
        SettingCheck.That(
            !Gate.IsOn || Views.Count(view => view.Source is RationaleSource.None or RationaleSource.Self) == 2,
            "objective.gate.weight",
            Gate.Weight,
            "0 unless InfoNCE is taken both without a rationale and after self rationales (rationale: self, also: {none: 1})"
        );
        SettingCheck.That(Temperature is > 0 and <= 10, "objective.temperature", Temperature, "above 0, at most 10");
        SettingCheck.That(MaxRationaleTokens >= 1, "objective.max_rationale_tokens", MaxRationaleTokens, "at least 1");
        SettingCheck.That(ChunkTokens >= 0, "objective.chunk_tokens", ChunkTokens, "0 or more");
        Reinforce.Validate();
    }
}
