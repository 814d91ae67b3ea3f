using Rge.Imaging;
using Rge.Models.Inputs;

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
    /// Tokens that end the rationale in place of the pooled token, whose last one counts then; where none was written, the state that the
    /// last token was chosen from. Empty where the pooled token itself ends the rationale. With the pooled token among them that one ends
    /// it unread: the state that it was chosen from counts.
    /// </summary>
    public IReadOnlyCollection<int> EndOfTurn { get; init; } = [];

    /// <summary>
    /// Decides by its probability whether the pooled token comes first: at this or more it does and ends the rationale, below it does not.
    /// Infinity begins a rationale in any case. <see langword="null"/> chooses the first token like all others.
    /// </summary>
    public double? DirectThreshold { get; init; }

    /// <summary>How the prompt's tokens are numbered.</summary>
    public PositionScheme Positions { get; init; }

    /// <summary>
    /// Called with each token as it is chosen, <c>&lt;emb&gt;</c> included, on the decoder's thread: return at once. An exception fails
    /// this request alone.
    /// </summary>
    public Action<int>? OnToken { get; init; }
}
