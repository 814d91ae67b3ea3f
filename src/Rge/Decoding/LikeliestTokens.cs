using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Decoding;

/// <summary>
/// The likeliest token of each row, found where the logits lie: of a vocabulary of 150,000 only two numbers a row come to the host. For
/// rows whose tokens are chosen by <see cref="TokenSampler"/> without a penalty and without sampling, with the same result.
/// </summary>
internal static class LikeliestTokens
{
    /// <summary>Whether rows can be chosen for so: all greedy, without a penalty, and banning the same tokens.</summary>
    public static bool Take(IReadOnlyList<DecodingSlot> slots) =>
        slots.All(slot => slot.TakesLikeliest && slot.BannedTokens.SequenceEqual(slots[0].BannedTokens));

    /// <summary>Finds the tokens.</summary>
    /// <param name="logits"><c>[B, vocab]</c>; overwritten.</param>
    /// <param name="banned">Tokens that are not to be chosen.</param>
    /// <returns>Of each row the token, the first of equals, and its logit.</returns>
    public static (int Token, float Logit)[] Find(Tensor logits, IReadOnlyCollection<int> banned)
    {
        using var scope = NewDisposeScope();
        var vocabulary = logits.shape[1];
        long[] columns = [.. banned.Where(token => token >= 0 && token < vocabulary).Select(token => (long)token)];
        if (columns.Length > 0)
        {
            var nothing = zeros([logits.shape[0], columns.Length], logits.dtype, logits.device).Plus(double.NegativeInfinity);
            logits.index_copy_(1, HostTransfers.Upload(columns, logits.device), nothing);
        }
        var best = logits.argmax(1, keepdim: true);
        // Token ids are below 2^24: float32 holds them exactly, so that one copy brings both.
        var chosen = HostTransfers.Download(cat([best.to(ScalarType.Float32), logits.gather(1, best).to(ScalarType.Float32)], 1));
        var numbers = chosen.data<float>().ToArray();
        return [.. Enumerable.Range(0, numbers.Length / 2).Select(row => ((int)numbers[2 * row], numbers[2 * row + 1]))];
    }
}
