using System.Collections.Concurrent;
using Rge.Data;
using Rge.Imaging;
using Rge.Models;
using Rge.Prompts;

namespace Rge.Training.Batches;

/// <summary>Turns samples into token ids and patches. Immutable and thread-safe.</summary>
/// <param name="prompts">Builds prompts with the checkpoint's chat template.</param>
/// <param name="processor">The checkpoint's tokenizer and image processor.</param>
/// <param name="endOfTurn">The token that ends an answer of a sample without targets; those with targets end in <c>&lt;emb&gt;</c>.</param>
/// <param name="hardNegatives">Whether the samples' hard negatives are included.</param>
/// <param name="after"> The row that replaces one that cannot be used. A fixed rule, so that a resumed run has the
/// same batches. Null where such a row is an error.
/// </param>
public sealed class BatchEncoder(
    PromptBuilder prompts,
    QwenVlProcessor processor,
    int endOfTurn,
    bool hardNegatives,
    Func<TrainingSample, TrainingSample?>? after = null
)
{
    // What is wrong with a row is found out once.
    private readonly ConcurrentDictionary<TrainingSample, string> _unusable = new(ReferenceEqualityComparer.Instance);

    /// <summary>Encodes the samples of one step; each distinct image is decoded once, each distinct target once.</summary>
    /// <exception cref="TrainingException">A sample cannot be used; the message names its file and row.</exception>
    public TrainingBatch Encode(IReadOnlyList<TrainingSample> samples)
    {
        var images = new ImagePool(processor.Images);
        var hasTargets = samples.Any(sample => sample.Targets.Count > 0);
        var taken = samples.ToHashSet<TrainingSample>(ReferenceEqualityComparer.Instance);
        var skipped = new List<SkippedRow>();
        EncodedSample[] encoded = [.. samples.Select(sample => Usable(sample, images, hasTargets, taken, skipped)).OfType<EncodedSample>()];
        if (encoded.Length == 0)
            throw new TrainingException(
                $"No row of a step can be used, and none of its datasets has another; {skipped[0].Source}: {skipped[0].Problem}"
            );
        EncodedQuery[] queries = [.. encoded.Select(sample => sample.Query)];
        if (!hasTargets)
            return new TrainingBatch(queries, [], Pairs: null) { Skipped = skipped };

        var targets = new Dictionary<string, EncodedTarget>(StringComparer.Ordinal);
        // Alike in meaning, yet different pixels: both stay, and are masked against each other by their key.
        foreach (var target in encoded.SelectMany(sample => sample.Targets))
            targets.TryAdd(
                $"{target.Key}\n{string.Join(' ', target.Images.Select(images.Number))}\n{string.Join(' ', target.Tokens)}",
                target
            );
        EncodedTarget[] distinct = [.. targets.Values];
        var pairs = new InBatchPairs(
            [.. queries.Select(query => query.Sample.Targets.Select(target => target.Key).ToHashSet(StringComparer.Ordinal))],
            [.. distinct.Select(target => target.Key)]
        );
        return new TrainingBatch(queries, distinct, pairs) { Skipped = skipped };
    }

    /// <summary>A sample, or the next of its dataset that can be used and is not in the step yet; null where there is none.</summary>
    private EncodedSample? Usable(
        TrainingSample sample,
        ImagePool images,
        bool hasTargets,
        HashSet<TrainingSample> taken,
        List<SkippedRow> skipped
    )
    {
        if (after is null)
            return Encoded(sample, images, hasTargets);
        if (Try(sample) is { } whole)
            return whole;
        skipped.Add(new SkippedRow(sample.Source, _unusable[sample]));
        for (var next = after(sample); next is not null && !ReferenceEquals(next, sample); next = after(next))
            if (!taken.Contains(next) && Try(next) is { } other)
            {
                taken.Add(next);
                return other;
            }
        return null;

        EncodedSample? Try(TrainingSample tried)
        {
            if (_unusable.ContainsKey(tried))
                return null;
            try
            {
                return Encoded(tried, images, hasTargets);
            }
            catch (TrainingException e)
            {
                _unusable.TryAdd(tried, (e.InnerException ?? e).Message);
                return null;
            }
        }
    }

    /// <exception cref="TrainingException">The sample cannot be used.</exception>
    private EncodedSample Encoded(TrainingSample sample, ImagePool images, bool hasTargets)
    {
        if (hasTargets && sample.Targets.Count == 0)
            throw new TrainingException($"{sample.Source} has no target, but other samples of its batch have.");
        try
        {
            var wanted = hardNegatives ? sample.Targets.Concat(sample.Negatives) : sample.Targets;
            return new EncodedSample(Query(sample, images), [.. wanted.Select(target => Target(target, images))]);
        }
        catch (RgeException e) when (e is EmbeddingException or ImageInputException)
        {
            throw new TrainingException($"{sample.Source}: {e.Message}", e);
        }
    }

    private EncodedQuery Query(TrainingSample sample, ImagePool images)
    {
        var (tokens, shown) = Prompt(sample.Query, images);
        int[] rationale = sample.Rationale is null
            ? []
            : [.. processor.Tokenizer.Encode(sample.Rationale), sample.Targets.Count == 0 ? endOfTurn : prompts.EmbTokenId];
        return new EncodedQuery(sample, tokens, shown, rationale);
    }

    private EncodedTarget Target(TargetItem target, ImagePool images)
    {
        var (tokens, shown) = Prompt(target.Item, images);
        return new EncodedTarget(target.Key, prompts.ReadsEmb ? [.. tokens, prompts.EmbTokenId] : tokens, shown);
    }

    private (int[] Tokens, PatchedImage[] Images) Prompt(EmbeddingInput item, ImagePool images)
    {
        PatchedImage[] all = [.. item.Images.Select(images.Patches)];
        var prompt = prompts.Build(item, [.. all.Select(image => image.Grid)], reasons: true);
        return (prompt.TokenIds, all);
    }

    private sealed record EncodedSample(EncodedQuery Query, EncodedTarget[] Targets);
}
