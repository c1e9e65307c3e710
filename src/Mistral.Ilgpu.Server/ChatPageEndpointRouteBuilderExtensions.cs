using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Mistral.Ilgpu.Server.Page;

namespace Mistral.Ilgpu.Server;

/// <summary>Maps the chat page.</summary>
public static class ChatPageEndpointRouteBuilderExtensions
{
    private static readonly string[] Methods = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>
    /// Maps a page for conversations at the root of the application, or of a group of it. It asks the endpoints of
    /// <see cref="MistralEndpointRouteBuilderExtensions.MapMistral"/>, which are mapped beside it.
    /// </summary>
    /// <param name="endpoints">The application, or a group of it.</param>
    /// <returns>All endpoints, to which conventions may be added.</returns>
    public static IEndpointConventionBuilder MapChatPage(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        var group = endpoints.MapGroup("").ExcludeFromDescription();
        foreach (var file in ChatPage.ReadAll())
        {
            bool isIndex = file.Name == ChatPage.Index;
            group.MapMethods(
                isIndex ? "/" : $"/chat/{file.Name}", Methods, context => isIndex ? SendIndexAsync(file, context) : file.SendAsync(context));
        }

        return group;
    }

    // The page names its files relative to itself, so its own path ends with a slash.
    private static Task SendIndexAsync(ChatPage index, HttpContext context)
    {
        var request = context.Request;
        if (request.Path.Value?.EndsWith('/') == true)
        {
            return index.SendAsync(context);
        }

        context.Response.Redirect($"{request.PathBase}{request.Path}/{request.QueryString}");
        return Task.CompletedTask;
    }
}
