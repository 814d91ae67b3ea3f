using Microsoft.AspNetCore.Http;
using Rge.Files;
using Rge.Server.Errors;

namespace Rge.Server.Requests;

/// <summary>
/// Counts the bytes of request bodies and of fetched images that are in memory, over all requests, and refuses more than there is room for.
/// What a request holds is counted as it arrives and given back when the request has been answered. Thread-safe.
/// </summary>
internal sealed class BodyMemory(ServerLimits limits)
{
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(2);

    private long _used;
    private long _refused;

    /// <summary>Bytes that are counted now.</summary>
    public long Used => Interlocked.Read(ref _used);

    /// <summary>Requests that were refused because there was no room.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>Starts to count the memory of a request; dispose the result when it is freed.</summary>
    public BodyLease Open() => new(this);

    /// <summary>Refuses what could not be taken now, before any of it is read.</summary>
    /// <exception cref="ApiException">There is no room (429).</exception>
    public void Require(long bytes)
    {
        if (Used + bytes > limits.MaxBodyMemoryBytes)
            throw Full();
    }

    /// <summary>Counts bytes.</summary>
    /// <exception cref="ApiException">There is no room (429).</exception>
    public void Take(long bytes)
    {
        for (var used = Used; used + bytes <= limits.MaxBodyMemoryBytes; )
        {
            var before = Interlocked.CompareExchange(ref _used, used + bytes, used);
            if (before == used)
                return;
            used = before;
        }
        throw Full();
    }

    /// <summary>Gives bytes back.</summary>
    public void Give(long bytes) => Interlocked.Add(ref _used, -bytes);

    private ApiException Full()
    {
        Interlocked.Increment(ref _refused);
        return new ApiException(
            StatusCodes.Status429TooManyRequests,
            "The requests that are being answered hold as much as this server keeps in memory, "
                + $"{ByteSize.Show(limits.MaxBodyMemoryBytes)}; ask again later."
        )
        {
            Code = "body_memory_full",
            RetryAfter = Wait,
        };
    }
}
