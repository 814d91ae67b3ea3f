using Rge.Imaging;

namespace Rge;

/// <summary>A prompt for a <see cref="DecodingEngine"/> to read and, where it is to reason, to continue.</summary>
/// <param name="PromptIds">Token ids, image pads expanded.</param>
/// <param name="Images">The prompt's images, in order of appearance. The same instance given twice goes through the vision tower
/// once.</param>
public sealed record DecodeRequest(int[] PromptIds, IReadOnlyList<PatchedImage> Images)
{
    /// <summary>A prompt without images.</summary>
    public DecodeRequest(int[] promptIds)
        : this(promptIds, []) { }

    /// <summary>
    /// How the rationale is written; <see langword="null"/> pools the prompt's last token, without a rationale.
    /// </summary>
    public GenerationOptions? Generation { get; init; }

    /// <summary>
    /// Called with each token as it is chosen, <c>&lt;emb&gt;</c> included, on the decoder's thread: return at once. An exception fails
    /// this request alone.
    /// </summary>
    public Action<int>? OnToken { get; init; }
}
