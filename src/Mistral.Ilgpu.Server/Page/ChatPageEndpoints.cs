using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Mistral.Ilgpu.Server.Page;

/// <summary>Maps the files of the chat page.</summary>
internal static class ChatPageEndpoints
{
    private static readonly string[] Methods = [HttpMethods.Get, HttpMethods.Head];

    public static IEndpointConventionBuilder Map(IEndpointRouteBuilder endpoints)
    {
        var group = endpoints.MapGroup("").ExcludeFromDescription();
        foreach (var file in ChatPage.ReadAll())
        {
            if (file.Name == ChatPage.Index)
            {
                group.MapMethods("/", Methods, context => SendIndexAsync(file, context));
            }
            else
            {
                group.MapMethods($"/chat/{file.Name}", Methods, file.SendAsync);
            }
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
