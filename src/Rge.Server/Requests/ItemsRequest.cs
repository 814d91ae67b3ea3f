namespace Rge.Server.Requests;

/// <summary>Items to put into a collection.</summary>
/// <param name="Items">What was sent, in its order.</param>
/// <param name="OnError">What becomes of the request when one of them cannot be indexed.</param>
internal sealed record ItemsRequest(IReadOnlyList<SentItem> Items, OnError OnError)
{
    /// <summary>Reads items one by one.</summary>
    /// <exception cref="ApiException">An item cannot be read and the request is to fail then, or none of them can be read.</exception>
    public static ItemsRequest Read<T>(IEnumerable<T> sent, Func<T, SentItem> read, OnError onError)
    {
        var items = sent.Select(one =>
        {
            try
            {
                return read(one);
            }
            catch (ApiException e) when (onError == OnError.Skip)
            {
                return SentItem.Failed(e);
            }
        }).ToArray();
        return Array.TrueForAll(items, item => item.Problem is not null) ? throw items[0].Problem! : new ItemsRequest(items, onError);
    }
}
