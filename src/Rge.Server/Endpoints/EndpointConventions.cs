using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Rge.Server.Endpoints;

/// <summary>What endpoints have in common.</summary>
internal static class EndpointConventions
{
    /// <summary>Answers HEAD wherever GET is answered.</summary>
    public static T AlsoHead<T>(this T endpoints) where T : IEndpointConventionBuilder
    {
        endpoints.Add(endpoint =>
        {
            for (var i = 0; i < endpoint.Metadata.Count; i++)
            {
                if (endpoint.Metadata[i] is HttpMethodMetadata { HttpMethods: [var only] } && HttpMethods.IsGet(only))
                    endpoint.Metadata[i] = new HttpMethodMetadata([HttpMethods.Get, HttpMethods.Head]);
            }
        });
        return endpoints;
    }

    /// <summary>Does something around each endpoint.</summary>
    public static T Around<T>(this T endpoints, Func<HttpContext, RequestDelegate, Task> around) where T : IEndpointConventionBuilder
    {
        endpoints.Add(endpoint =>
        {
            if (endpoint.RequestDelegate is { } inner) endpoint.RequestDelegate = context => around(context, inner);
        });
        return endpoints;
    }
}
