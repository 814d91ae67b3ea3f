using Rge.Presets;

namespace Rge.Prompts;

/// <summary>Holds prompts to the length that a preset gives them. Immutable and thread-safe.</summary>
/// <param name="rule">The preset's rule.</param>
/// <param name="specialIds">Ids of all special tokens.</param>
/// <param name="imageId">Id of the image pad.</param>
internal sealed class PromptLength(PresetLength rule, IEnumerable<int> specialIds, int imageId)
{
    private readonly HashSet<int> _special = [.. specialIds];

    /// <summary>The prompt, cut where it is too long and the preset cuts.</summary>
    /// <param name="ids">Token ids, image pads expanded.</param>
    /// <exception cref="EmbeddingException">It is too long and is not to be cut, or an image would be.</exception>
    public List<int> Apply(List<int> ids)
    {
        if (rule.MaxTokens is not { } most || ids.Count <= most)
            return ids;
        if (rule.WhenLonger == LongPrompt.Refuse)
            throw new EmbeddingException($"The item has {ids.Count} tokens, expected at most {most}.");
        var cut = rule.WhenLonger == LongPrompt.CutEnd ? ids[..most] : WithoutOrdinary(ids, most);
        return cut.Count(id => id == imageId) == ids.Count(id => id == imageId)
            ? cut
            : throw new EmbeddingException(
                $"The item has {ids.Count} tokens, of which {most} are read, and its images are beyond them: give fewer or smaller "
                    + "images, or less text before them."
            );
    }

    /// <summary>As the reference: the end is set aside, the rest is cut to the whole length, and the end is put back.</summary>
    private List<int> WithoutOrdinary(List<int> ids, int most)
    {
        var (body, end) = (ids[..^rule.KeptEnd], ids[^rule.KeptEnd..]);
        if (body.Count <= most)
            return ids;
        var room = most - body.Count(_special.Contains);
        return [.. body.Where(id => _special.Contains(id) || room-- > 0), .. end];
    }
}
