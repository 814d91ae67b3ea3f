using Microsoft.AspNetCore.Http;
using Rge.Server.Requests;

namespace Rge.Server.Hosting;

/// <summary>What stands before each endpoint, whatever program it is part of: errors are answered, keys asked for, and bodies bounded.</summary>
internal sealed class EndpointGate(ErrorResponses errors, ApiKeyRing keys, ServerOptions options, BodyMemory memory)
{
    /// <summary>Lets a request through to an endpoint.</summary>
    public Task InvokeAsync(HttpContext context, RequestDelegate endpoint) => errors.InvokeAsync(context, passed =>
    {
        keys.Require(passed);
        QueryNames.Require(passed);
        if (HttpMethods.IsPost(passed.Request.Method)) BodyStream.Wrap(passed, options, memory);
        return endpoint(passed);
    });
}
