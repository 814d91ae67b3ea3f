using System.Numerics.Tensors;
using Rge.Files;

namespace Rge.Decoding;

/// <summary>
/// Chooses the tokens of one rationale from logits: repetition penalty, then temperature, top-k and top-p in transformers' order. Holds the
/// row's own random state, so that its choices do not depend on the rows it is batched with.
/// </summary>
internal sealed class TokenSampler
{
    private readonly GenerationOptions _options;
    private readonly HashSet<int> _seen = [];
    private readonly SplitMix64 _random;

    /// <summary>A sampler for one rationale.</summary>
    /// <param name="options">Temperature, top-k, top-p, repetition penalty, banned tokens and seed.</param>
    /// <param name="promptIds">The token ids before the rationale: they count as seen, and enter the random state.</param>
    public TokenSampler(GenerationOptions options, ReadOnlySpan<int> promptIds)
    {
        _options = options;
        var state = (ulong)options.Seed;
        foreach (var id in promptIds)
            state = SplitMix64.Mix(state ^ (uint)id);
        _random = new SplitMix64(state);
        if (options.RepetitionPenalty == 1)
            return;
        foreach (var id in promptIds)
            _seen.Add(id);
    }

    /// <summary>
    /// Natural logarithm of the probability that the last token was sampled with, among those that it was sampled from; 0 where it was the
    /// likeliest that was taken.
    /// </summary>
    public float LogProbability { get; private set; }

    /// <summary>Chooses the next token and counts it as seen.</summary>
    /// <param name="logits">A logit for each token of the vocabulary; overwritten.</param>
    /// <exception cref="EmbeddingException">A logit is not a number, or no token is possible.</exception>
    public int Next(Span<float> logits)
    {
        if (_options.RepetitionPenalty != 1)
            Penalize(logits, _seen, (float)_options.RepetitionPenalty);
        foreach (var id in _options.BannedTokens)
            if ((uint)id < (uint)logits.Length)
                logits[id] = float.NegativeInfinity;

        // The index of the maximum is that of the first NaN where there is one, else that of the first of equals.
        var best = TensorPrimitives.IndexOfMax<float>(logits);
        RequireFinite(best, logits[best]);
        var token = _options.IsGreedy ? best : Sample(logits, logits[best]);
        if (_options.RepetitionPenalty != 1)
            _seen.Add(token);
        return token;
    }

    /// <summary>The probability of a token among all of the vocabulary; not a number where a logit is none.</summary>
    public static double Probability(ReadOnlySpan<float> logits, int token)
    {
        var max = TensorPrimitives.Max(logits);
        var sum = 0.0;
        foreach (var logit in logits)
            sum += Math.Exp(logit - max);
        return Math.Exp(logits[token] - max) / sum;
    }

    /// <summary>Checks the largest logit of a row.</summary>
    /// <exception cref="EmbeddingException">It is not a number, or no token is possible.</exception>
    public static void RequireFinite(int token, float logit)
    {
        if (!float.IsFinite(logit))
            throw new EmbeddingException(
                $"The logit of token {token} is {logit}; the model's activations overflow or its weights are damaged. With "
                    + "float16 weights, try bfloat16 or float32."
            );
    }

    private static void Penalize(Span<float> logits, HashSet<int> seen, float penalty)
    {
        foreach (var id in seen)
            if ((uint)id < (uint)logits.Length)
                logits[id] = logits[id] < 0 ? logits[id] * penalty : logits[id] / penalty;
    }

    private int Sample(Span<float> logits, float max)
    {
        TensorPrimitives.Subtract(logits, max, logits);
        TensorPrimitives.Divide(logits, (float)_options.Temperature, logits);
        TensorPrimitives.Exp<float>(logits, logits);
        return Draw(logits, Candidates(logits));
    }

    /// <summary>The tokens that top-k and then top-p keep; never empty.</summary>
    /// <param name="weights">Probabilities, not normalized.</param>
    private List<int> Candidates(ReadOnlySpan<float> weights)
    {
        var (k, p) = (_options.TopK, _options.TopP);
        // Tokens below the floor weigh less than 1 - p together: top-p keeps none of them, so they need not be sorted.
        var floor = k > 0 ? 0 : (1 - p) * TensorPrimitives.Sum(weights) / weights.Length;
        var tokens = new List<int>();
        for (var i = 0; i < weights.Length; i++)
            if (weights[i] > 0 && weights[i] >= floor)
                tokens.Add(i);
        if (k == 0 && p == 1)
            return tokens;

        var sortable = weights.ToArray();
        tokens.Sort((a, b) => sortable[a] == sortable[b] ? a.CompareTo(b) : sortable[b].CompareTo(sortable[a]));
        if (k > 0 && tokens.Count > k)
            tokens.RemoveRange(k, tokens.Count - k);

        // The smallest set with the wanted mass: a token stays while those before it have less.
        var wanted = p * (k > 0 ? tokens.Sum(token => (double)sortable[token]) : TensorPrimitives.Sum(weights));
        var kept = 0;
        for (var mass = 0.0; kept < tokens.Count && (kept == 0 || mass < wanted); kept++)
            mass += weights[tokens[kept]];
        tokens.RemoveRange(kept, tokens.Count - kept);
        return tokens;
    }

    /// <summary>Draws one of the tokens in proportion to its weight.</summary>
    private int Draw(ReadOnlySpan<float> weights, List<int> tokens)
    {
        var total = 0.0;
        foreach (var token in tokens)
            total += weights[token];
        var left = _random.Fraction() * total;
        var chosen = tokens[^1]; // where rounding leaves something
        foreach (var token in tokens)
        {
            left -= weights[token];
            if (left >= 0)
                continue;
            chosen = token;
            break;
        }
        LogProbability = (float)Math.Log(weights[chosen] / total);
        return chosen;
    }
}
