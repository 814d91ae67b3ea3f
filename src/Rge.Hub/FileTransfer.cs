using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using Rge.Files;

namespace Rge.Hub;

/// <summary>
/// Brings one file to its place: NAME.part grows, across failures and runs, until it is whole and its checksum right, and is
/// then renamed. NAME.part.etag says which version of the file the part belongs to. Used once, by one thread.
/// </summary>
internal sealed class FileTransfer(
    HubClient client,
    HubSnapshot snapshot,
    HubFile file,
    string path,
    HubOptions options,
    TimeProvider time,
    IProgress<HubProgress>? progress
)
{
    private const int BufferSize = 256 << 10;

    private readonly string _partPath = path + ".part";
    private readonly string _etagPath = path + ".part.etag";

    /// <exception cref="HubException">The file cannot be downloaded, or not be written.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (!await IsFinishedAsync(cancellationToken))
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                var isRight = await CompletePartAsync(cancellationToken);
                if (isRight)
                    File.Move(_partPath, path, overwrite: true);
                else
                    File.Delete(_partPath);
                File.Delete(_etagPath);
                if (!isRight)
                    throw WrongChecksum();
            }

            Report(HubFileState.Done, file.Size);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Errors of the network have become others by now: these are of the disk.
            throw new HubException($"{path} cannot be written: {error.Message}", error);
        }
    }

    private async Task<bool> IsFinishedAsync(CancellationToken cancellationToken)
    {
        if (new FileInfo(path) is not { Exists: true } found || found.Length != file.Size)
            return false;

        Report(HubFileState.Verifying, file.Size);
        await using var content = FileReader.Open(path);
        return await Checksum.MatchesAsync(content, file, cancellationToken);
    }

    /// <summary>Fetches what is missing; false when the checksum is wrong even after fetching everything once more.</summary>
    private async Task<bool> CompletePartAsync(CancellationToken cancellationToken)
    {
        // Held open and unshared to the end: a second download into the same folder is refused instead of mixing its bytes in.
        await using var part = new FileStream(
            _partPath,
            new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
                Options = FileOptions.Asynchronous,
                BufferSize = 0,
            }
        );
        if (part.Length > file.Size)
            part.SetLength(0);

        await FillAsync(part, cancellationToken);
        if (!await IsRightAsync(part, cancellationToken))
        {
            // Once more from the start: what was kept of an earlier run may be the culprit.
            part.SetLength(0);
            await FillAsync(part, cancellationToken);
            if (!await IsRightAsync(part, cancellationToken))
                return false;
        }

        part.Flush(flushToDisk: true);
        return true;
    }

    private HubException WrongChecksum() =>
        new(
            $"{file.Name} of '{snapshot.Repository}' was received twice with a wrong checksum, expected {file.Sha256 ?? file.BlobId}; its "
                + "bytes were removed."
        );

    private Task<bool> IsRightAsync(FileStream part, CancellationToken cancellationToken)
    {
        Report(HubFileState.Verifying, file.Size);
        return Checksum.MatchesAsync(part, file, cancellationToken);
    }

    /// <summary>Asks again and again until the part is as long as the file.</summary>
    private async Task FillAsync(FileStream part, CancellationToken cancellationToken)
    {
        var retry = new HubRetry(file.Name, options, time);
        var longest = part.Length;
        while (part.Length < file.Size)
        {
            try
            {
                await AppendAsync(part, cancellationToken);
            }
            catch (TransientException failure)
            {
                // Getting further than ever before makes the earlier failures forgotten: a flaky line still ends some day.
                if (part.Length > longest)
                    retry.Reset();
                longest = Math.Max(longest, part.Length);
                await retry.WaitAsync(failure, problem => Report(HubFileState.Waiting, part.Length, problem), cancellationToken);
            }
        }
    }

    private async Task AppendAsync(FileStream part, CancellationToken cancellationToken)
    {
        var etag = part.Length > 0 ? ReadETag() : null;
        using var response = await client.GetAsync(
            client.FileAddress(snapshot, file),
            snapshot.Repository,
            part.Length,
            etag,
            cancellationToken
        );
        if (part.Length > 0 && !Continues(response, part.Length, etag))
        {
            part.SetLength(0);
            if (response.StatusCode != HttpStatusCode.OK)
                throw new TransientException("the server cannot continue where the download stopped");
        }
        else if (response.StatusCode != (part.Length > 0 ? HttpStatusCode.PartialContent : HttpStatusCode.OK))
        {
            throw new TransientException($"the server answers HTTP {(int)response.StatusCode} to a plain request");
        }

        if (part.Length == 0)
            WriteETag(response.Headers.ETag);
        part.Seek(0, SeekOrigin.End);
        await CopyAsync(response.Content, part, cancellationToken);
    }

    /// <summary>Whether the answer is the rest of the same bytes; otherwise it starts anew, or belongs to another version.</summary>
    private bool Continues(HttpResponseMessage response, long from, EntityTagHeaderValue? etag) =>
        response.StatusCode == HttpStatusCode.PartialContent
        && response.Content.Headers.ContentRange is { From: { } start, Length: var length }
        && start == from
        && (length ?? file.Size) == file.Size
        && (etag is null || response.Headers.ETag is null || etag.Equals(response.Headers.ETag));

    private async Task CopyAsync(HttpContent content, FileStream part, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        using var stall = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            while (await ReadAsync(content, buffer, stall, cancellationToken) is var read and > 0)
            {
                if (part.Position + read > file.Size)
                {
                    part.SetLength(0);
                    throw new TransientException($"the server sends more than the {file.Size} bytes it lists");
                }

                await part.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
                Report(HubFileState.Downloading, part.Position);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        if (part.Length < file.Size)
            throw new TransientException($"the connection ended after {part.Length} of {file.Size} bytes");
    }

    private async Task<int> ReadAsync(
        HttpContent content,
        byte[] buffer,
        CancellationTokenSource stall,
        CancellationToken cancellationToken
    )
    {
        stall.CancelAfter(options.StallTimeout);
        try
        {
            // The content returns the same stream each time.
            return await (await content.ReadAsStreamAsync(stall.Token)).ReadAsync(buffer, stall.Token);
        }
        catch (Exception error) when (error is IOException or HttpRequestException)
        {
            throw new TransientException($"the connection broke: {error.Message}", error);
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TransientException($"no data arrived for {options.StallTimeout.TotalSeconds:0.#} s", error);
        }
    }

    private EntityTagHeaderValue? ReadETag() =>
        File.Exists(_etagPath) && EntityTagHeaderValue.TryParse(FileReader.ReadText(_etagPath), out var etag) ? etag : null;

    private void WriteETag(EntityTagHeaderValue? etag)
    {
        if (etag is null)
            File.Delete(_etagPath);
        else
            File.WriteAllText(_etagPath, etag.ToString());
    }

    private void Report(HubFileState state, long bytes, string? problem = null) =>
        progress?.Report(new HubProgress(file, state, bytes, problem));
}
