using Rge.Server.Errors;
using Rge.Server.Requests;

namespace Rge.Server.Collections;

/// <summary>Items to put into a collection.</summary>
/// <param name="Items">What was sent, in its order.</param>
/// <param name="OnError">What becomes of the request when one of them cannot be indexed.</param>
internal sealed record ItemsRequest(IReadOnlyList<SentItem> Items, OnError OnError)
{
    public static RequestMembers Members { get; } = new("items", "on_error");

    /// <summary>Reads items and their images, which may still have to be fetched.</summary>
    /// <exception cref="ApiException">The request cannot be understood, or exceeds a limit.</exception>
    public static ItemsRequest Read(JsonField body, ServerLimits limits)
    {
        Members.Check(body);
        var request = Read(
            body["items"].Elements(limits.MaxItems, "items"), RecordReader.Read,
            body["on_error"].OptionalChoice(OnErrorNames.All) ?? OnErrorNames.All[OnErrorNames.Default]);
        var images = request.Items.Sum(item => item.Images.Count);
        if (images > limits.MaxImages)
            throw ApiException.Invalid($"The request has {images} images, expected at most {limits.MaxImages}.", "items", "too_many");
        return request;
    }

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
