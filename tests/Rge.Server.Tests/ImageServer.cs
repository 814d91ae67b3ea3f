using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Rge.Server.Tests;

/// <summary>A host of images on the loopback interface, of the kinds that one meets.</summary>
internal sealed class ImageServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ImageServer(WebApplication app) => _app = app;

    public int Port => new Uri(_app.Urls.Single()).Port;

    /// <summary>What was asked for, host and path.</summary>
    public ConcurrentQueue<string> Asked { get; } = [];

    public static async Task<ImageServer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var server = new ImageServer(builder.Build());
        server._app.Run(server.AnswerAsync);
        await server._app.StartAsync();
        return server;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        Asked.Enqueue($"{context.Request.Host}{context.Request.Path}");
        // Each fetch makes a connection of its own, so that each is checked.
        context.Response.Headers.Connection = "close";
        switch (context.Request.Path.Value)
        {
            case "/picture.png":
                await context.Response.Body.WriteAsync(TestImages.Grey(28, 28));
                break;
            case "/redirect":
                context.Response.Redirect(context.Request.Query["to"].ToString());
                break;
            case "/loop":
                context.Response.Redirect("/loop");
                break;
            case "/large":
                context.Response.ContentLength = 1 << 20;
                await context.Response.Body.WriteAsync(new byte[1 << 20]);
                break;
            case "/endless":
                while (!context.RequestAborted.IsCancellationRequested)
                    await context.Response.Body.WriteAsync(new byte[4096], context.RequestAborted);
                break;
            case "/silent":
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
                break;
            case "/text":
                await context.Response.WriteAsync("no image");
                break;
            default:
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                break;
        }
    }
}
