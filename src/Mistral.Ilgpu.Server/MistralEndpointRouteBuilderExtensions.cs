using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Mistral.Ilgpu.Server.Chat;
using Mistral.Ilgpu.Server.Completions;
using Mistral.Ilgpu.Server.Embeddings;
using Mistral.Ilgpu.Server.Errors;
using Mistral.Ilgpu.Server.Http;
using Mistral.Ilgpu.Server.Messages;
using Mistral.Ilgpu.Server.Models;
using Mistral.Ilgpu.Server.Page;
using Mistral.Ilgpu.Server.Responses;
using Mistral.Ilgpu.Server.Security;
using Mistral.Ilgpu.Server.Watching;

namespace Mistral.Ilgpu.Server;

/// <summary>Maps the endpoints of a server.</summary>
public static class MistralEndpointRouteBuilderExtensions
{
    /// <summary>
    /// Maps OpenAI's and Anthropic's APIs, tokens, health and metrics. Services are those of
    /// <see cref="MistralServerServiceCollectionExtensions.AddMistralServer"/>.
    /// </summary>
    /// <param name="endpoints">The application, or a group of it.</param>
    /// <returns>All endpoints, to which conventions may be added.</returns>
    public static IEndpointConventionBuilder MapMistral(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        var services = endpoints.ServiceProvider;
        var group = endpoints.MapGroup("");
        if (services.GetRequiredService<IOptions<MistralServerOptions>>().Value.AllowedOrigins.Count > 0)
        {
            group.RequireCors(AllowedOrigins.Policy);
        }

        var chat = services.GetRequiredService<ChatCompletionEndpoint>();
        var completions = services.GetRequiredService<CompletionEndpoint>();
        var embeddings = services.GetRequiredService<EmbeddingEndpoint>();
        var responses = services.GetRequiredService<ResponseEndpoint>();
        var messages = services.GetRequiredService<MessagesEndpoint>();
        var models = services.GetRequiredService<ModelEndpoints>();
        var tokens = services.GetRequiredService<TokenEndpoints>();
        var adapters = services.GetRequiredService<AdapterEndpoints>();
        var metrics = services.GetRequiredService<ServerMetrics>();

        Post<ChatCompletionRequest, ChatCompletion>("/v1/chat/completions", chat.HandleAsync, "Answers a conversation.");
        Post<CompletionRequest, Completion>("/v1/completions", completions.HandleAsync, "Continues texts.");
        Post<ResponseRequest, Response>("/v1/responses", responses.HandleAsync, "Answers a conversation.");
        Post<MessagesRequest, MessageResponse>(
            "/v1/messages", messages.HandleAsync, "Answers a conversation, in Anthropic's terms.", isAnthropic: true);
        Post<MessagesRequest, TokenCount>(
            "/v1/messages/count_tokens", messages.CountAsync, "Counts the tokens of a conversation.", isAnthropic: true);
        Post<EmbeddingRequest, EmbeddingList>("/v1/embeddings", embeddings.HandleAsync, "Makes vectors of texts.");
        Post<TokenizeRequest, TokenizeResponse>("/tokenize", tokens.TokenizeAsync, "Gives the tokens of a text.");
        Post<DetokenizeRequest, DetokenizeResponse>("/detokenize", tokens.DetokenizeAsync, "Gives the text of tokens.");
        Admin<LoadAdapterRequest>("/v1/load_lora_adapter", adapters.LoadAsync, "Loads an adapter, for admin keys.");
        Admin<UnloadAdapterRequest>("/v1/unload_lora_adapter", adapters.UnloadAsync, "Unloads an adapter, for admin keys.");
        Keyed("/v1/models", models.ListAsync).Produces<ModelList>().WithSummary("Lists the models and their adapters.");
        Keyed("/v1/models/{**model}", models.FindAsync).Produces<ModelList.Entry>().WithSummary("Tells of a model.");
        Get("/health", models.HealthAsync).Produces<ServerHealth>().WithSummary("Tells whether the server lives.");
        Get("/ready", models.ReadyAsync).Produces<ServerHealth>().WithSummary("Tells whether requests are taken now.");
        Get("/version", ModelEndpoints.VersionAsync).Produces<ServerVersion>().WithSummary("Tells the server's version.");
        Get("/metrics", metrics.WriteAsync).WithSummary("Gives metrics in Prometheus' text format.");
        NotFound("/v1/{**path}", isAnthropic: false);
        NotFound("/v1/messages/{**path}", isAnthropic: true);
        return group;

        void Post<TRequest, TResponse>(
            string path, Func<HttpContext, Task> handle, string summary, bool isAnthropic = false)
            where TRequest : notnull =>
            Posted<TRequest>(path, Filtered(handle, isAnthropic), summary, isAnthropic).Produces<TResponse>();

        void Admin<TRequest>(string path, Func<HttpContext, Task> handle, string summary)
            where TRequest : notnull =>
            Posted<TRequest>(path, Filtered(handle, isAnthropic: false, isForAdmins: true), summary)
                .Produces<string>(contentType: "text/plain").Produces<ErrorBody>(StatusCodes.Status403Forbidden);

        RouteHandlerBuilder Posted<TRequest>(string path, Delegate handle, string summary, bool isAnthropic = false)
            where TRequest : notnull
        {
            Refused(path, NotPosted, isAnthropic);
            return group.MapPost(path, handle)
                .Accepts<TRequest>("application/json")
                .Produces(StatusCodes.Status400BadRequest, isAnthropic ? typeof(AnthropicErrorBody) : typeof(ErrorBody))
                .WithSummary(summary);
        }

        void NotFound(string path, bool isAnthropic) => Refused(path, NoEndpoint, isAnthropic);

        void Refused(string path, Func<HttpContext, ApiException> refuse, bool isAnthropic) =>
            group.Map(path, (Delegate)((HttpContext context) => ApiFilter.WriteAsync(context, refuse(context), isAnthropic)))
                .ExcludeFromDescription();

        RouteHandlerBuilder Get(string path, Func<HttpContext, Task> handle) => group.MapGet(path, (Delegate)handle);

        RouteHandlerBuilder Keyed(string path, Func<HttpContext, Task> handle) =>
            group.MapGet(path, Filtered(handle, isAnthropic: false));

        // Resolved per application, because filters hold its keys and limits.
        Delegate Filtered(Func<HttpContext, Task> handle, bool isAnthropic, bool isForAdmins = false)
        {
            var filter = services.GetRequiredService<ApiFilter>();
            return (HttpContext context) => filter.HandleAsync(context, handle, isAnthropic, isForAdmins);
        }
    }

    /// <summary>
    /// Maps a page for conversations at the root of the application, or of a group of it. It asks the endpoints of
    /// <see cref="MapMistral"/>, which are mapped beside it.
    /// </summary>
    /// <param name="endpoints">The application, or a group of it.</param>
    /// <returns>All endpoints, to which conventions may be added.</returns>
    public static IEndpointConventionBuilder MapChatPage(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        return ChatPageEndpoints.Map(endpoints);
    }

    private static ApiException NoEndpoint(HttpContext context) => new(
        StatusCodes.Status404NotFound,
        $"{context.Request.Method} {context.Request.Path}: found no such endpoint, expected one of the documentation");

    // Routing comes here with other methods, and with other types than the endpoint accepts.
    private static ApiException NotPosted(HttpContext context)
    {
        var request = context.Request;
        if (HttpMethods.IsPost(request.Method))
        {
            return new ApiException(
                StatusCodes.Status415UnsupportedMediaType,
                $"Content-Type: found '{request.ContentType}', expected application/json");
        }

        context.Response.OnStarting(() =>
        {
            context.Response.Headers.Allow = HttpMethods.Post;
            return Task.CompletedTask;
        });
        return new ApiException(StatusCodes.Status405MethodNotAllowed, $"found {request.Method}, expected POST");
    }
}
