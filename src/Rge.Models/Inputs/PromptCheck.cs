using Rge.Models.Configuration;

namespace Rge.Models.Inputs;

/// <summary>Checks prompts before a native call sees them.</summary>
internal static class PromptCheck
{
    /// <summary>Checks tokens and features; whether image tokens fit the images is for <see cref="MropePositions"/> to say.</summary>
    /// <param name="input">The prompt.</param>
    /// <param name="index">Its number, for the message.</param>
    /// <param name="config">The model's configuration.</param>
    /// <exception cref="ArgumentException">The prompt is empty, has a token that the vocabulary lacks, or features of another
    /// model.</exception>
    public static void Require(ModelInput input, int index, ModelConfig config)
    {
        if (input.TokenIds.Length == 0)
            throw new ArgumentException($"Prompt {index} has no tokens.", nameof(input));
        foreach (var token in input.TokenIds)
            if ((uint)token >= (uint)config.Text.VocabSize)
                throw new ArgumentException(
                    $"Prompt {index} has token {token}, but the vocabulary has {config.Text.VocabSize}.",
                    nameof(input)
                );
        foreach (var features in input.Images)
            RequireFeatures(features, config);
    }

    private static void RequireFeatures(VisionFeatures features, ModelConfig config)
    {
        long expected = features.Grid.MergedPatches(config.Vision.SpatialMergeSize),
            width = config.Text.HiddenSize;
        foreach (var tensor in features.Deepstack.Prepend(features.Merged))
            if (tensor.dim() != 2 || tensor.shape[0] != expected || tensor.shape[1] != width)
                throw new ArgumentException(
                    $"Image features are [{string.Join(", ", tensor.shape)}], expected [{expected}, {width}].",
                    nameof(features)
                );
        if (features.Deepstack.Count != config.Vision.DeepstackBlocks.Count)
            throw new ArgumentException(
                $"Image features have {features.Deepstack.Count} deepstack levels, expected {config.Vision.DeepstackBlocks.Count}.",
                nameof(features)
            );
    }
}
