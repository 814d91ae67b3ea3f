using System.IO.Compression;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Rge.Files;
using Rge.Server.Errors;

namespace Rge.Server.Requests;

/// <summary>
/// The body of a request, decompressed, within all bounds: its size before and after decompression, the time in which it has to arrive, and
/// the memory of all bodies together. Counted are the bytes that were read, so a body that is announced and never sent holds nothing.
/// </summary>
internal sealed class BodyStream : Stream
{
    private readonly Stream _content;
    private readonly BodyLease _lease;
    private readonly ServerLimits _limits;
    private readonly CancellationTokenSource _late;
    private readonly int _seconds;
    private long _read;

    private BodyStream(Stream content, BodyLease lease, ServerOptions options)
    {
        (_content, _lease, _limits, _seconds) = (content, lease, options.Limits, options.BodySeconds);
        _late = new CancellationTokenSource(TimeSpan.FromSeconds(_seconds));
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Puts the bounds around a request's body. What it holds is given back when the request has been answered.</summary>
    /// <exception cref="ApiException">The body is too large or has an encoding that is not known (415), or there is no room for it (429).</exception>
    public static void Wrap(HttpContext context, ServerOptions options, BodyMemory memory)
    {
        var request = context.Request;
        // The bound is kept here. With one of its own the web server would break the connection off while a client still sends, who then
        // never reads why; so it throws away what is left for a few seconds.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = null;
        if (request.ContentLength > options.Limits.MaxBodyBytes) throw TooLarge(options.Limits);
        var content = Decompressed(request);
        if (request.ContentLength is > BodyLease.Free and var announced) memory.Require(announced - BodyLease.Free);
        var lease = memory.Open();
        context.Response.RegisterForDispose(lease);
        var body = new BodyStream(content, lease, options);
        context.Response.RegisterForDispose(body._late);
        request.Body = body;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _late.Token);
        int count;
        try
        {
            count = await _content.ReadAsync(buffer, stop.Token);
        }
        catch (OperationCanceledException) when (_late.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new ApiException(StatusCodes.Status408RequestTimeout, $"The body did not arrive within {_seconds} s.") { Code = "body_timeout" };
        }
        catch (InvalidDataException e)
        {
            throw ApiException.Invalid("The body is not compressed as its Content-Encoding says.", param: null, "invalid_encoding", e);
        }
        _lease.Take(count);
        _read += count;
        return _read <= _limits.MaxBodyBytes ? count : throw TooLarge(_limits);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Bodies are read asynchronously.");

    public override void Flush() { }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) _late.Dispose();
        base.Dispose(disposing);
    }

    private static Stream Decompressed(HttpRequest request)
    {
        var encoding = request.Headers.ContentEncoding.ToString().Trim();
        Stream? content = encoding.ToLowerInvariant() switch
        {
            "" or "identity" => request.Body,
            "gzip" or "x-gzip" => new GZipStream(request.Body, CompressionMode.Decompress),
            "br" => new BrotliStream(request.Body, CompressionMode.Decompress),
            "deflate" => new ZLibStream(request.Body, CompressionMode.Decompress),
            _ => null,
        };
        if (content is null)
        {
            throw new ApiException(StatusCodes.Status415UnsupportedMediaType, $"The content encoding is '{JsonField.Shorten(encoding)}', expected gzip, br, deflate or none.")
            {
                Code = "unsupported_encoding",
            };
        }
        if (content != request.Body) request.HttpContext.Response.RegisterForDispose(content);
        return content;
    }

    private static ApiException TooLarge(ServerLimits limits) => new(
        StatusCodes.Status413PayloadTooLarge,
        $"The body is larger than this server takes, {ByteSize.Show(limits.MaxBodyBytes)}; send fewer or smaller items.")
    {
        Code = "body_too_large",
    };
}
