namespace Rge.Data.Mmeb;

/// <summary>A file that is read, and counts how often: what tells work that gets on from work that never ends.</summary>
/// <param name="file">The file; disposed with this.</param>
internal sealed class WatchedStream(Stream file) : Stream
{
    private long _progress;

    /// <summary>Grows with each read and each <see cref="Advance"/>. Thread-safe.</summary>
    public long Progress => Interlocked.Read(ref _progress);

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => file.Length;

    public override long Position
    {
        get => file.Position;
        set => file.Position = value;
    }

    /// <summary>Counts a piece of work that did not read.</summary>
    public void Advance() => Interlocked.Increment(ref _progress);

    public override int Read(Span<byte> buffer)
    {
        Advance();
        return file.Read(buffer);
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Advance();
        return file.ReadAsync(buffer, cancellationToken);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override long Seek(long offset, SeekOrigin origin) => file.Seek(offset, origin);

    public override void Flush() { }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            file.Dispose();
        base.Dispose(disposing);
    }
}
