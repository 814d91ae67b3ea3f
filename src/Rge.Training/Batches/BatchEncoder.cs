using Rge.Data;
using Rge.Models;
using Rge.Prompts;
using Rge.Training.Objective;

namespace Rge.Training.Batches;

/// <summary>Turns samples into token ids and patches. Immutable and thread-safe.</summary>
/// <param name="prompts">Makes prompts by the checkpoint's chat template.</param>
/// <param name="processor">The checkpoint's tokenizer and image processor.</param>
/// <param name="endOfTurn">The token that ends an answer of a sample without targets; those with targets end in <c>&lt;emb&gt;</c>.</param>
/// <param name="hardNegatives">Whether the samples' hard negatives are taken along.</param>
internal sealed class BatchEncoder(PromptBuilder prompts, QwenVlProcessor processor, int endOfTurn, bool hardNegatives)
{
    /// <summary>Encodes the samples of one step; each distinct image is decoded once, each distinct target is there once.</summary>
    /// <exception cref="TrainingException">A sample cannot be used; the message names its file and row.</exception>
    public TrainingBatch Encode(IReadOnlyList<TrainingSample> samples)
    {
        var images = new ImagePool(processor.Images);
        var queries = samples.Select(sample => OfSample(sample, () => Query(sample, images))).ToArray();
        if (samples.All(sample => sample.Targets.Count == 0)) return new TrainingBatch(queries, [], Plan: null);

        var targets = new Dictionary<string, EncodedTarget>(StringComparer.Ordinal);
        foreach (var sample in samples)
        {
            if (sample.Targets.Count == 0) throw new TrainingException($"{sample.Source} has no target, but other samples of its batch have.");
            foreach (var target in hardNegatives ? sample.Targets.Concat(sample.Negatives) : sample.Targets)
            {
                // Alike in meaning, yet different pixels: both stay, and are masked against each other by their key.
                var encoded = OfSample(sample, () => Target(target, images));
                targets.TryAdd($"{target.Key}\n{string.Join(' ', encoded.Images.Select(images.Number))}\n{string.Join(' ', encoded.Tokens)}", encoded);
            }
        }
        EncodedTarget[] distinct = [.. targets.Values];
        var plan = new ContrastPlan([.. samples.Select(sample => sample.Targets.Select(target => target.Key).ToHashSet(StringComparer.Ordinal))], [.. distinct.Select(target => target.Key)]);
        return new TrainingBatch(queries, distinct, plan);
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
        return new EncodedTarget(target.Key, [.. tokens, prompts.EmbTokenId], shown);
    }

    private (int[] Tokens, PatchedImage[] Images) Prompt(EmbeddingInput item, ImagePool images)
    {
        var content = PromptContent.Of(item);
        PatchedImage[] all = [.. item.Images.Select(images.Patches)];
        var prompt = prompts.Build(item, content, [.. all.Select(image => image.Grid)], reasons: true);
        return (prompt.TokenIds, [.. content.Where(part => part.Image is not null).Select(part => all[part.Image!.Value])]);
    }

    /// <summary>Says which sample an error is about.</summary>
    private static T OfSample<T>(TrainingSample sample, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception e) when (e is EmbeddingException or ImageInputException)
        {
            throw new TrainingException($"{sample.Source}: {e.Message}", e);
        }
    }
}
