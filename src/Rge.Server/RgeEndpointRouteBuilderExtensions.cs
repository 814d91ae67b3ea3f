using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Rge.Server.Apis.Cohere;
using Rge.Server.Apis.OpenAi;
using Rge.Server.Apis.Rerank;
using Rge.Server.Apis.Rge;
using Rge.Server.Apis.Voyage;
using Rge.Server.Collections;
using Rge.Server.Endpoints;
using Rge.Server.Hosting;
using Rge.Server.Page;
using Rge.Server.Serving;

namespace Rge.Server;

/// <summary>Puts the API into a program.</summary>
public static class RgeEndpointRouteBuilderExtensions
{
    /// <summary>
    /// Maps the API: embeddings, rationales, models, collections and health, below the prefix of the group it is called on. Errors are
    /// answered by the endpoints themselves; authorization, logging, CORS and whatever else the program does are put around them by the
    /// program.
    /// </summary>
    /// <remarks>
    /// Where the options name API keys, all endpoints but health ask for one. Without keys, and without authorization by the program,
    /// everybody who reaches the endpoints may ask. Health is open, also where the group asks for authorization.
    /// </remarks>
    /// <param name="endpoints">The program, or a group of it.</param>
    /// <returns>The group of the endpoints, for conventions such as <c>RequireAuthorization</c>.</returns>
    /// <exception cref="InvalidOperationException">The services are not registered.</exception>
    /// <exception cref="ServerException">The file of API keys cannot be read, or the store cannot be understood.</exception>
    public static RouteGroupBuilder MapRge(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        var services = endpoints.ServiceProvider;
        var gate = services.GetService<EndpointGate>()
            ?? throw new InvalidOperationException("MapRge needs the services that AddRgeServer registers; call that first.");
        // Created now, so that metrics exist before the first request, and a store that cannot be understood is reported before anything is
        // served.
        services.GetRequiredService<CollectionHost>();
        services.GetRequiredService<Telemetry>();
        var group = endpoints.MapGroup("").AlsoHead().Around(gate.InvokeAsync);
        group.MapOpenAi();
        group.MapCohere();
        group.MapVoyage();
        if (services.GetRequiredService<ModelHost>().HasReranker)
            group.MapRerank();
        group.MapRationales();
        group.MapCollections();
        group.MapModels();
        group.MapHealth();
        return group;
    }

    /// <summary>Maps the page to search with, whose requests go to the API below the same prefix.</summary>
    /// <param name="endpoints">What <see cref="MapRge"/> was called on.</param>
    /// <returns>The group of the page's files.</returns>
    public static RouteGroupBuilder MapRgePage(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        var group = endpoints.MapGroup("");
        group.MapPage();
        return group;
    }
}
